/** The environment of a function, checked once at load: a missing variable fails the start, not a request. */
import { ENVIRONMENT, type EnvironmentName } from '../../contracts/deployment/environment.ts';

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
    const parsed = ENVIRONMENT[name].safeParse(source[name]);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (faults.length > 0) throw new Error(`wrong environment: ${faults.join('; ')}`);
  return values as Record<N, string>;
};
