/** The environment of a function, checked once at load: a missing variable fails the start, not a request. */
import * as z from 'zod';
import type { EnvironmentName } from '../../contracts/deployment/environment.ts';

/** The form of each variable that a function may ask for. */
const FORMS: Readonly<Record<EnvironmentName, z.ZodType<string>>> = {
  REGISTRY_TABLE: z.string().min(3),
  MEASUREMENTS_TABLE: z.string().min(3),
  ARCHIVE_BUCKET: z.string().min(3),
  STREAM_NAME: z.string().min(1),
  EXPORTS_QUEUE_URL: z.url(),
  DEVICE_POLICY: z.string().min(1),
  THING_TYPE: z.string().min(1),
  COMPACT_AFTER_MINUTES: z.string().regex(/^\d+$/),
  ARCHIVE_AFTER_HOURS: z.string().regex(/^\d+$/),
  RETENTION: z.string().min(2),
};

/**
 * Reads variables from the environment.
 * @param names those that must be there
 * @param source where to read
 * @throws {Error} naming every variable that is missing or wrong, never its value
 */
export const readEnv = <const N extends EnvironmentName>(
  names: readonly N[],
  source: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<N, string>> => {
  const values: Partial<Record<EnvironmentName, string>> = {};
  const faults: string[] = [];
  for (const name of names) {
    const parsed = FORMS[name].safeParse(source[name]);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (faults.length > 0) throw new Error(`wrong environment: ${faults.join('; ')}`);
  return values as Record<N, string>;
};
