/** Canonical JSON (RFC 8785): the same value is always the same text, so that a digest of it can be checked by anyone. */

/** The value has no canonical form: a number that JSON has not, a text that is not Unicode, or no JSON value at all. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical';
}

const text = (value: string): string => {
  // RFC 8785, 3.2.2.2: a lone surrogate ends it with an error.
  if (!value.isWellFormed()) throw new NotCanonical('a text holds half a surrogate pair');
  return JSON.stringify(value);
};

/** By UTF-16 code units, as ECMAScript compares texts. */
const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Writes a value as RFC 8785 says: members sorted by UTF-16 code units, numbers and texts as ECMAScript writes them, no
 * white space. Members that are `undefined` are left out.
 * @throws {NotCanonical}
 */
export const canonicalJson = (value: unknown): string => {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new NotCanonical(`JSON has no number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (typeof value !== 'object') throw new NotCanonical(`JSON has no ${typeof value}`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(byName)
    .map(([name, member]) => `${text(name)}:${canonicalJson(member)}`);
  return `{${members.join()}}`;
};
