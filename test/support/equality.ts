/**
 * What is large and equal is compared by Node, in a tenth of the time or less: bytes, maps, lists of rows. Where
 * something differs, Vitest compares once more and says what.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

declare global {
  var labgateCompares: true | undefined;
}

const isLarge = (value: unknown): boolean =>
  value instanceof Map || value instanceof Uint8Array || (Array.isArray(value) && value.length > 100);

// Once a process: it keeps them from file to file.
if (globalThis.labgateCompares === undefined)
  expect.addEqualityTesters([
    (found, expected) =>
      isLarge(found) && isLarge(expected) && isDeepStrictEqual(found, expected) ? true : undefined,
  ]);
globalThis.labgateCompares = true;
