/**
 * Config files: `config.json` in the config folder of the person, and `.labgate.json` in the folder where a command
 * runs, which counts more. Flags and environment variables count more than both.
 */
import { dirname, isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { configFolder, readIfThere } from './own-files.ts';
import { UsageError } from './target.ts';

/** All formats of data; a command may have some of them. */
export const FORMATS = ['table', 'csv', 'ndjson', 'arrow', 'parquet'] as const;

const schema = z
  .object({
    target: z.string(),
    program: z.string(),
    site: z.string(),
    tz: z.string(),
    format: z.enum(FORMATS),
  })
  .partial()
  .strict();

/** Values of options, by the names of the options. */
export type Config = z.infer<typeof schema>;

const readFile = (path: string): Config => {
  const text = readIfThere(path);
  if (text === undefined) return {};
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`${path}: ${[...(issue?.path ?? []), issue?.message].join(': ')}`);
  }
  const { target } = parsed.data;
  const absolute = target === undefined || /^https?:\/\//.test(target) || isAbsolute(target);
  return absolute ? parsed.data : { ...parsed.data, target: join(dirname(path), target) };
};

/**
 * Reads the config files that are there.
 * @throws {UsageError} naming the file and what is wrong in it
 */
export const readConfig = (): Config => ({
  ...readFile(join(configFolder(), 'config.json')),
  ...readFile('.labgate.json'),
});
