import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UndecodableMessage } from '../../contracts/messages/message.ts';
import { QUARANTINE } from '../../contracts/problems.ts';
import { decodeBytes, NOW, refused, rows, T, utf8 } from './decoding.ts';

describe('wrapping', () => {
  const plain = utf8(JSON.stringify(rows({ n: 'a', t: T, v: 1 })));

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('in %s is taken off, once and within bounds', (_, pack) => {
    const packed = pack(plain);
    expect(decodeBytes(packed, NOW)).toMatchObject({ points: 1 });
    expect(() => decodeBytes(pack(packed), NOW)).toThrow(refused('unknown-format'));
    expect(() => decodeBytes(pack(gzipSync(plain)), NOW)).toThrow(refused('unknown-format'));
    expect(() => decodeBytes(pack(Buffer.alloc(2 * 2 ** 20 + 1, ' ')), NOW)).toThrow(
      refused('unpacked-too-large'),
    );
    expect(() => decodeBytes(pack(Buffer.alloc(2 ** 26)), NOW)).toThrow(refused('unpacked-too-large'));
    expect(() => decodeBytes(pack(Buffer.alloc(0)), NOW)).toThrow(refused('empty-message'));
    expect(() => decodeBytes(packed.subarray(0, -4), NOW)).toThrow(refused('corrupt-compression'));
    expect(() => decodeBytes(Buffer.concat([packed, plain]), NOW)).toThrow(refused('corrupt-compression'));
    const halves = [plain.subarray(0, 20), plain.subarray(20)];
    expect(decodeBytes(Buffer.concat(halves.map((half) => pack(half))))).toMatchObject({ points: 1 });
    const space = Buffer.concat([Buffer.alloc(2 * 2 ** 20 - plain.length, ' '), plain]);
    expect(decodeBytes(pack(space), NOW)).toMatchObject({ points: 1 });
  });

  it('in zstd may not ask for a large window', () => {
    // A frame header with a window of 128 MiB: 17 for the exponent over the first KiB.
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00);
    expect(() => decodeBytes(frame, NOW)).toThrow(refused('corrupt-compression'));
  });
});

describe('any bytes', () => {
  it.each<[string, Uint8Array, string]>([
    ['none', new Uint8Array(), 'empty-message'],
    ['too many', new Uint8Array(128 * 1024 + 1), 'message-too-large'],
    ['a picture', Uint8Array.of(0xff, 0xd8, 0xff), 'unknown-format'],
    ['text', utf8('temp=37'), 'unknown-format'],
    ['half a document', utf8('{"v":1,'), 'malformed-json'],
    ['a number after blanks', utf8(' 5'), 'invalid-structure'],
    ['null after blanks', utf8('\nnull'), 'invalid-structure'],
    ['Latin-1', Uint8Array.of(0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d), 'malformed-json'],
    ['half a gzip head', Uint8Array.of(0x1f, 0x00), 'unknown-format'],
    ['half a zstd head', Uint8Array.of(0x28, 0x00), 'unknown-format'],
    ['deep brackets', utf8('['.repeat(100_000)), 'malformed-json'],
  ])('%s', (_, bytes, code) => expect(() => decodeBytes(bytes, NOW)).toThrow(refused(code)));

  it('may begin with white space or a byte order mark before JSON', () => {
    const text = JSON.stringify(rows({ n: 'a', t: T, v: 1 }));
    for (const before of [' ', '\n', '\r\n', '\t', '\ufeff']) {
      expect(decodeBytes(utf8(before + text), NOW)).toMatchObject({ points: 1 });
    }
  });

  it('may be part of a larger buffer', () => {
    const text = utf8(`xx${JSON.stringify(rows({ n: 'a', t: T, v: 1 }))}xx`);
    expect(decodeBytes(text.subarray(2, -2), NOW)).toMatchObject({ points: 1 });
  });

  it('end as a message or with a code, and every point is accounted for', () => {
    const sound = [
      utf8(JSON.stringify(rows({ n: 'a', t: T, v: 1 }, { n: 'b', t: T, v: 'x', q: 'bad' }))),
      Buffer.from('82a300616106010203a20061610202', 'hex'),
      Buffer.from('10013a00', 'hex'),
    ];
    const damaged = fc
      .tuple(
        fc.constantFrom(...sound),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
        fc.nat(200),
      )
      .map(([bytes, edits, end]) => {
        const copy = Uint8Array.from(bytes);
        for (const [at, byte] of edits) copy[at % copy.length] = byte;
        return copy.subarray(0, Math.max(1, Math.min(copy.length, end)));
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        try {
          const { columns, faults, points } = decodeBytes(bytes, NOW);
          const counted =
            columns.reduce((sum, { time }) => sum + time.length, 0) +
            faults.reduce((sum, fault) => sum + fault.points, 0);
          expect(counted).toBe(points);
        } catch (error) {
          expect(error).toBeInstanceOf(UndecodableMessage);
          expect(QUARANTINE).toHaveProperty((error as UndecodableMessage).code);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
