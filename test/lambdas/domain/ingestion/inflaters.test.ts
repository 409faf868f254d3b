import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflaters } from '../../../../lambdas/domain/ingestion/inflaters.ts';

const BOUND = 1000;
/** RFC 8878 §3.1.2: a frame that decoders skip. */
const SKIPPED = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

describe.each([
  ['gzip', gzipSync, inflaters.gunzip],
  ['zstd', zstdCompressSync, inflaters.unzstd],
] as const)('%s', (_, pack, unpack) => {
  it('is read whole, however many pieces it is written in', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(parts, (pieces) => {
        const packed = Buffer.concat(pieces.map((piece) => pack(piece)));
        expect(unpack(packed, BOUND)).toEqual(Buffer.concat(pieces));
      }),
    );
  });

  it('may be as large as the bound in all, and no larger', () => {
    const most = Buffer.concat([pack(Buffer.alloc(BOUND - 1)), pack(Buffer.alloc(1)), pack(Buffer.alloc(0))]);
    expect(unpack(most, BOUND)).toHaveLength(BOUND);
    for (const sizes of [[BOUND + 1], [BOUND, 1], [BOUND / 2, BOUND / 2, 1], [2 ** 22], [1, 2 ** 22]]) {
      const packed = Buffer.concat(sizes.map((size) => pack(Buffer.alloc(size))));
      expect(unpack(packed, BOUND), `${sizes}`).toBeUndefined();
    }
  });

  it('is refused when it is cut off or followed by anything else', () => {
    const one = pack(Buffer.from('one'));
    const two = Buffer.concat([one, pack(Buffer.from('two'))]);
    for (const damaged of [
      one.subarray(0, -1),
      two.subarray(0, -1),
      two.subarray(0, one.length + 5),
      Buffer.concat([one, Buffer.from('x')]),
      Buffer.concat([two, Buffer.from('{}')]),
    ])
      expect(() => unpack(damaged, BOUND)).toThrow();
  });
});

describe('zstd', () => {
  it('passes over frames that are to be skipped', () => {
    const packed = Buffer.concat([zstdCompressSync('a'), SKIPPED, zstdCompressSync('b')]);
    expect(inflaters.unzstd(packed, BOUND)).toEqual(Buffer.from('ab'));
    expect(() => inflaters.unzstd(packed.subarray(0, 12), BOUND)).toThrow();
  });

  it('is refused when frames without content would keep the function busy', () => {
    const frame = zstdCompressSync('');
    const frames = (count: number) => Buffer.concat(new Array<Buffer>(count).fill(frame));
    expect(inflaters.unzstd(frames(256), BOUND)).toHaveLength(0);
    expect(() => inflaters.unzstd(frames(257), BOUND)).toThrow('more than 256 frames');
  });
});
