import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHUNK_VERSION,
  CorruptChunk,
  decodeChunk,
  type Effort,
  encodeChunk,
} from '../../../../series/codec/chunk.ts';
import { UnknownFormat } from '../../../../series/codec/unknown-format.ts';
import { asJudged, type SeriesColumn } from '../../../../series/points/column.ts';

const START = 1_772_359_200_000_000;
const NAME = 'incubator-1/2026-03-01T10#b';

const example = (points: number): SeriesColumn[] => {
  const time = Array.from({ length: points }, (_, at) => START + at * 1_000_000 + ((at * 7919) % 41) * 1000);
  const common = { unit: '1', time, quality: undefined } as const;
  return [
    {
      ...common,
      channel: 'temp',
      type: 'number',
      value: time.map((_, at) => (37_000 + ((at * at) % 97)) / 1000),
      quality: time.map((_, at) => (at % 50 === 3 ? 0x40940000 : 0)),
    },
    { ...common, channel: 'raw', type: 'number', value: time.map((_, at) => Math.sin(at)) },
    { ...common, channel: 'door', type: 'boolean', value: time.map((_, at) => at % 70 > 60) },
    { ...common, channel: 'state', type: 'string', value: time.map((_, at) => (at % 9 < 4 ? 'on' : 'off')) },
  ];
};

const signed = (chunk: Buffer): Buffer => {
  const copy = Buffer.from(chunk);
  copy.writeUInt32LE(
    copy[0] === 2 ? crc32(copy.subarray(6), crc32(copy.subarray(0, 2))) : crc32(copy.subarray(6)),
    2,
  );
  return copy;
};

describe.each<Effort>(['quick', 'dense'])('a damaged %s chunk', (effort) => {
  const chunk = encodeChunk(example(120), effort);

  it('is told by every single bit, and named', () => {
    const known: readonly number[] = Object.values(CHUNK_VERSION);
    for (let bit = 0; bit < chunk.length * 8; bit += 1) {
      const wrong = Buffer.from(chunk);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const fault = known.includes(wrong[0] ?? 0) ? CorruptChunk : UnknownFormat;
      expect(() => decodeChunk(wrong, NAME)).toThrow(fault);
    }
    const wrong = Buffer.from(chunk);
    wrong[20] = (wrong[20] ?? 0) ^ 1;
    expect(() => decodeChunk(wrong, NAME)).toThrow(NAME);
  });

  it('is told by every length but its own', () => {
    for (let length = 0; length < chunk.length; length += 1)
      expect(() => decodeChunk(chunk.subarray(0, length), NAME)).toThrow(CorruptChunk);
    expect(() => decodeChunk(Buffer.concat([chunk, Buffer.of(0)]), NAME)).toThrow(CorruptChunk);
  });

  it('never fails in any other way, even where its checksum is right', () => {
    fc.assert(
      fc.property(
        fc.nat(chunk.length - 7),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom(60, 120, 300),
        (at, flip, points) => {
          const wrong = encodeChunk(example(points), effort);
          wrong[6 + at] = (wrong[6 + at] ?? 0) ^ flip;
          try {
            decodeChunk(signed(wrong), NAME);
          } catch (error) {
            expect(error).toBeInstanceOf(CorruptChunk);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a dense chunk', () => {
  it('gives only the channels that are wanted', () => {
    const columns = example(200);
    for (const effort of ['quick', 'dense'] as const) {
      const chunk = encodeChunk(columns, effort);
      expect(decodeChunk(chunk, NAME, new Set(['door', 'raw', 'absent'])).map(asJudged)).toStrictEqual([
        columns[1],
        columns[2],
      ]);
      expect(decodeChunk(chunk, NAME, new Set())).toStrictEqual([]);
    }
  });

  it('of nothing but noise in its head is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(120), (body, split) => {
        const head = Buffer.alloc(14);
        head[0] = CHUNK_VERSION.dense;
        head.writeUInt32LE(Math.min(split, body.length), 6);
        head.writeUInt32LE(Math.min(split, body.length), 10);
        try {
          decodeChunk(signed(Buffer.concat([head, body])), NAME);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptChunk);
        }
      }),
      { numRuns: 500 },
    );
  });
});
