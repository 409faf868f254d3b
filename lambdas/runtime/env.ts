/** The environment of a function, checked once at load: a missing variable fails the start, not a request. */
import * as z from 'zod';

/** Every variable a function may ask for. */
const VARIABLES = {
  REGISTRY_TABLE: z.string().min(3),
  MEASUREMENTS_TABLE: z.string().min(3),
  ARCHIVE_BUCKET: z.string().min(3),
  STREAM_NAME: z.string().min(1),
  EXPORTS_QUEUE_URL: z.url(),
  /** Name of the IoT policy that every device certificate gets. */
  DEVICE_POLICY: z.string().min(1),
  /** Name of the IoT thing type of new things. */
  THING_TYPE: z.string().min(1),
  /** How long after its end an hour is compacted. */
  COMPACT_AFTER_MINUTES: z.string().regex(/^\d+$/),
  /** How long after its end a day is archived. */
  ARCHIVE_AFTER_HOURS: z.string().regex(/^\d+$/),
  /** Retention classes, see `compaction/retention.ts`. */
  RETENTION: z.string().min(2),
} as const;
type Variable = keyof typeof VARIABLES;

/**
 * Reads variables from the environment.
 * @param names those that must be there
 * @param source where to read
 * @throws {Error} naming every variable that is missing or wrong, never its value
 */
export const readEnv = <const N extends Variable>(
  names: readonly N[],
  source: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<N, string>> => {
  const values: Partial<Record<Variable, string>> = {};
  const faults: string[] = [];
  for (const name of names) {
    const parsed = VARIABLES[name].safeParse(source[name]);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (faults.length > 0) throw new Error(`wrong environment: ${faults.join('; ')}`);
  return values as Record<N, string>;
};

/**
 * Reads a variable that may be absent. An empty one counts as absent.
 * @param source where to read
 */
export const readOptionalEnv = (
  name: Variable,
  source: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined => source[name] || undefined;
