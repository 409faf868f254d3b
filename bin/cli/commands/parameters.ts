/** Parameters of a command as they are typed. */
import { InvalidArgumentError } from 'commander';

/** A parameter: a number, a number with a unit, a truth value, a text, or a list of JSON. */
export type Parameter = unknown;

const QUANTITY = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) +([!-~]+)$/i;

const readValue = (text: string): Parameter => {
  const [, number, unit] = QUANTITY.exec(text) ?? [];
  if (number !== undefined) return { value: Number(number), unit };
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is the text itself: nobody wants to type quotes within quotes.
    return text;
  }
};

/**
 * Reads one `name=value` more.
 * @example
 * setParameter('temperature=310.15 K', {}); // { temperature: { value: 310.15, unit: 'K' } }
 * @throws {InvalidArgumentError}
 */
export const setParameter = (
  typed: string,
  before: Readonly<Record<string, Parameter>>,
): Readonly<Record<string, Parameter>> => {
  const at = typed.indexOf('=');
  if (at < 1) throw new InvalidArgumentError("use name=value, e.g. temperature=37 or 'temperature=310.15 K'");
  const name = typed.slice(0, at);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is set twice`);
  return { ...before, [name]: readValue(typed.slice(at + 1)) };
};
