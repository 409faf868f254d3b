import { deepStrictEqual } from 'node:assert/strict';
import { crc32 as crc } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VALUE_TYPES } from '../../../contracts/resources/instrument-types.ts';
import {
  CHUNK_VERSION,
  CorruptChunk,
  decodeChunk,
  type Effort,
  encodeChunk,
} from '../../../series/codec/chunk.ts';
import { UnknownFormat } from '../../../series/codec/unknown-format.ts';
import { asJudged, type SeriesColumn } from '../../../series/points/column.ts';

const time = fc.oneof(
  fc.integer({ min: 1_772_000_000_000_000, max: 1_773_000_000_000_000 }),
  fc.integer({ min: 1_772_000_000, max: 1_773_000_000 }).map((seconds) => seconds * 1_000_000),
  fc.maxSafeInteger(),
);
const decimal = fc
  .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, scale]) => digits / 10 ** scale);
const anyNumber = fc.oneof(
  fc.double({ noNaN: true }),
  decimal,
  fc.integer(),
  fc.constantFrom(0, -0, 5e-324, Number.MAX_VALUE, Number.MIN_VALUE, 0.1 + 0.2, 2 ** 53, Infinity, -Infinity),
);
const value = fc.constantFrom(...VALUE_TYPES).chain((type) => {
  const one: fc.Arbitrary<number | boolean | string> =
    type === 'boolean'
      ? fc.boolean()
      : type === 'string'
        ? fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.toWellFormed())
        : anyNumber;
  return fc.record({ type: fc.constant(type), one: fc.constant(one) });
});

const column = (clock: readonly number[]): fc.Arbitrary<SeriesColumn> =>
  value.chain(({ type, one }) =>
    fc.record(
      {
        channel: fc.constantFrom('temp', 'chamber.temp', 'ph', 'x'.repeat(64)),
        type: fc.constant(type),
        unit: fc.constantFrom('Cel', '1', '[pH]', 'µ'),
        time: fc.constant(clock),
        value: fc.array(one, { minLength: clock.length, maxLength: clock.length }),
        quality: fc.option(
          fc.array(
            fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffffffff })),
            {
              minLength: clock.length,
              maxLength: clock.length,
            },
          ),
          { nil: undefined },
        ),
      },
      { noNullPrototype: true },
    ),
  );
const columns = fc
  .array(fc.array(time, { maxLength: 25 }), { maxLength: 3 })
  .chain((clocks) => fc.tuple(...clocks.flatMap((clock) => [column(clock), column([...clock])])));

/** A quality that is all good is the same as none. */
const normal = (list: readonly SeriesColumn[]): SeriesColumn[] =>
  list.map((one) => ({
    ...one,
    quality: one.quality?.some((quality) => quality !== 0) === true ? one.quality : undefined,
  }));

const example = (points: number): SeriesColumn[] => {
  const clock = Array.from({ length: points }, (_, at) => 1_772_359_200_000_000 + at * 1_000_000);
  return ['temp', 'humidity'].map((channel, shift) => ({
    channel,
    type: 'number',
    unit: 'Cel',
    time: clock,
    value: clock.map((_, at) => Math.round(37_000 + 500 * Math.sin(at / 20 + shift)) / 1000),
    quality: undefined,
  }));
};

describe.each<Effort>(['quick', 'dense'])('%s chunk', (effort) => {
  it('gives back what it was given, to the bit, in any order and with any gaps', () => {
    fc.assert(
      fc.property(columns, (list) => {
        deepStrictEqual(decodeChunk(encodeChunk(list, effort), 'k').map(asJudged), normal(list));
      }),
      { numRuns: 150 },
    );
  });

  // On both sides of what 32 bits hold, and of what is counted in them.
  it.each([
    ['values', [2 ** 29 - 1, 1 - 2 ** 29], [0, 1]],
    ['values just too wide', [0, 2 ** 29, -(2 ** 29), 0.5], [0, 1, 2, 3]],
    ['values far too wide', [2 ** 31, -(2 ** 31), 2 ** 32 + 0.25, 2 ** 49], [0, 1, 2, 3]],
    ['wide values behind narrow ones', [1.5, 2.25, 1e12, -1e12 + 0.001], [0, 1, 2, 3]],
    ['zeros', [0, -0, 0.001, -0.001], [0, 1, 2, 3]],
    ['halves', [0.5, -0.5, 1.5, -2.5, 0.0005, 2 ** 28 + 0.5], [0, 1, 2, 3, 4, 5]],
    ['what no power of ten holds', [0.1 + 0.2, 1 / 3], [0, 1]],
    ['gaps', [1, 2, 3], [0, 2 ** 29 - 1, 0]],
    ['wide gaps', [1, 2, 3], [0, 2 ** 29, 0]],
    ['wide gaps of seconds', [1, 2, 3], [0, 2 ** 29 * 1e6, 1e6]],
    ['gaps of seconds behind those of milliseconds', [1, 2, 3], [1e6, 2e6, 2_001_000]],
    ['a time that is no whole number', [1, 2, 3], [1000, 2 ** -60, 0]],
    ['a negative zero', [1, 2], [0, -0]],
    ['the greatest times', [1, 2], [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]],
  ])('keeps %s', (_, value, time) => {
    const list: SeriesColumn[] = [
      { channel: 'a', type: 'number', unit: '1', time, value, quality: undefined },
    ];
    deepStrictEqual(decodeChunk(encodeChunk(list, effort), 'k').map(asJudged), list);
  });

  it('tells any changed, missing or added byte from what was written', () => {
    const chunk = encodeChunk(example(200), effort);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: chunk.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const wrong = Buffer.from(chunk);
          wrong[at] = (wrong[at] ?? 0) ^ flip;
          expect(() => decodeChunk(wrong, 'device/key')).toThrow(CorruptChunk);
        },
      ),
    );
    fc.assert(
      fc.property(fc.nat(chunk.length - 1), (length) => {
        expect(() => decodeChunk(chunk.subarray(0, length), 'device/key')).toThrow(/device\/key/);
      }),
    );
    expect(() => decodeChunk(Buffer.concat([chunk, Buffer.of(0)]), 'k')).toThrow(CorruptChunk);
  });

  it('of another format is refused as such', () => {
    const other = Buffer.from(encodeChunk(example(10), effort));
    other[0] = 9;
    expect(() => decodeChunk(other, 'device/key')).toThrow(UnknownFormat);
    expect(() => decodeChunk(other, 'device/key')).toThrow(
      'device/key is of format 9; this release reads 4 and 3',
    );
  });

  it('refuses what no encoder wrote even where the checksum is right', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (body, packed) => {
        const forged = Buffer.concat([Buffer.alloc(10), body]);
        forged[0] = CHUNK_VERSION.quick;
        forged[1] = packed ? 1 : 0;
        forged.writeUInt32LE(body.length, 6);
        forged.writeUInt32LE(crc(forged.subarray(6)), 2);
        try {
          decodeChunk(forged, 'k');
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptChunk);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('writes times once for channels measured together', () => {
    const [first, second] = example(100);
    if (first === undefined || second === undefined) throw new Error('no example');
    const shifted = { ...second, time: second.time.map((at) => at + 7 * 1_000 * (at % 13)) };
    expect(encodeChunk([first, second], effort).length).toBeLessThan(
      encodeChunk([first, shifted], effort).length,
    );
  });

  it('needs few bytes a point', () => {
    const points = 3600;
    expect(encodeChunk(example(points), effort).length / (2 * points)).toBeLessThan(1.5);
  });

  it('keeps a chunk without columns', () => {
    expect(decodeChunk(encodeChunk([], effort), 'k')).toStrictEqual([]);
  });

  it('refuses values of several types in one channel', () => {
    const [first] = example(2);
    if (first === undefined) throw new Error('no example');
    expect(() => encodeChunk([{ ...first, value: [1, 'a'] }], effort)).toThrow(TypeError);
    expect(() => encodeChunk([{ ...first, value: [1] }], effort)).toThrow(RangeError);
  });
});
