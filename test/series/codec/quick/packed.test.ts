import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, MalformedBytes } from '../../../../series/codec/bytes.ts';
import { BLOCK, readPacked, writePacked } from '../../../../series/codec/quick/packed.ts';

const LIMIT = 2 ** 50;

const write = (numbers: readonly number[]): Buffer => {
  const out = new ByteWriter(16);
  writePacked(out, Float64Array.from(numbers), numbers.length);
  return Buffer.from(out.view());
};
const read = (bytes: Uint8Array, count: number): number[] => {
  const input = new ByteReader(bytes);
  const numbers = [...readPacked(input, count)];
  expect(input.left).toBe(0);
  return numbers;
};

/** Runs of numbers that each suit another form: noise about a level, ramps, steps, outliers, anything. */
const run = fc
  .record({
    level: fc.integer({ min: -LIMIT / 2, max: LIMIT / 2 }),
    slope: fc.constantFrom(0, 0, 1, -3, 100_000),
    noise: fc.constantFrom(0, 1, 9, 1000, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 2 ** 31, 2 ** 32, 2 ** 45),
    outlier: fc.constantFrom(0, 0, 5, 10_000, 2 ** 40),
    random: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 100 }),
  })
  .map(({ level, slope, noise, outlier, random }) =>
    random.map(
      (part, at) =>
        level + slope * at + Math.floor(part * noise) + (outlier > 0 && at % 17 === 16 ? outlier : 0),
    ),
  );
const numbers = fc.array(run, { maxLength: 5 }).map((runs) => runs.flat());

describe('packed whole numbers', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(numbers, (list) => {
        expect(read(write(list), list.length)).toStrictEqual(list);
      }),
      { numRuns: 1000 },
    );
    const any = fc.array(fc.integer({ min: -LIMIT, max: LIMIT }), { maxLength: 100 });
    fc.assert(
      fc.property(any, (list) => {
        expect(read(write(list), list.length)).toStrictEqual(list);
      }),
    );
  });

  // One wide difference among narrow ones widens all of its block, unless it stands out so far that it is looked at.
  it('take at worst three times what each by itself would', () => {
    fc.assert(
      fc.property(numbers, (list) => {
        const each = new ByteWriter();
        for (const [at, one] of list.entries()) each.signed(one - (list[at - 1] ?? 0));
        expect(write(list).length).toBeLessThanOrEqual(3 * each.size + 2 * Math.ceil(list.length / BLOCK));
      }),
    );
  });

  it.each([
    ['equal ones', Array.from({ length: 1025 }, () => 7), 1 + 32],
    ['a ramp', Array.from({ length: 1025 }, (_, at) => at), 1 + 32 * (1 + 8)],
    ['noise of 8 bits', Array.from({ length: 1025 }, (_, at) => (at * 97) % 256), 1 + 32 * (1 + 32 + 2)],
    [
      'noise with a gap',
      Array.from({ length: 33 }, (_, at) => (at % 3) + (at > 16 ? 1e9 : 0)),
      1 + 1 + 31 + 5,
    ],
  ])('take little: %s', (_, list, bytes) => {
    expect(write(list).length).toBeLessThanOrEqual(bytes);
  });

  it('of damaged bytes are numbers or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(200), (bytes, count) => {
        try {
          expect(readPacked(new ByteReader(bytes), count)).toHaveLength(count);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedBytes);
        }
      }),
    );
  });
});
