/** Telling JSON values apart. */

/**
 * Whether a value is an object with named members: not null, not an array, not a primitive.
 * Narrows `unknown` to a record of unknown members, and a union of JSON types to its object.
 */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
