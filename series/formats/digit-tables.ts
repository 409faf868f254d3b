/** Digits by number, as words of four bytes, the first byte the highest. */

const ZERO = 0x30;
export const POINT = 0x2e;

const table = (length: number, make: (at: number) => number): number[] =>
  Array.from({ length }, (_, at) => make(at));
const digit = (value: number): number => ZERO + (value % 10);

/** Two digits, to the right of a word. */
export const PAIRS = Int32Array.from(table(100, (at) => (digit(Math.floor(at / 10)) << 8) | digit(at)));
/** Three digits, to the right of a word. */
export const TRIPLES = Int32Array.from(
  table(1000, (at) => (digit(Math.floor(at / 100)) << 16) | (PAIRS[at % 100] ?? 0)),
);
/** Lengths of numbers below a thousand, and their digits to the left of a word. */
export const SHORT_LENGTHS = Uint8Array.from(table(1000, (at) => (at < 10 ? 1 : at < 100 ? 2 : 3)));
export const SHORT = Int32Array.from(
  table(1000, (at) => (TRIPLES[at] ?? 0) << (8 * (4 - (SHORT_LENGTHS[at] ?? 0)))),
);
/** Of three digits those before the zeros at the end. */
export const USED = Uint8Array.from(
  table(1000, (at) => (at % 10 > 0 ? 3 : at % 100 > 0 ? 2 : at > 0 ? 1 : 0)),
);
