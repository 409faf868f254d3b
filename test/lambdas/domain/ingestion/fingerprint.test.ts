import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../../lambdas/domain/ingestion/fingerprint.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });

describe('fingerprints', () => {
  it('are the same for the same bytes, wherever they lie', () => {
    fc.assert(
      fc.property(bytes, fc.nat(9), (list, shift) => {
        const elsewhere = new Uint8Array(list.length + 20);
        elsewhere.set(list, shift);
        const print = fingerprint(list);
        expect(fingerprint(elsewhere.subarray(shift, shift + list.length))).toBe(print);
        expect(Number.isInteger(print) && print >= 0 && print < 2 ** 32).toBe(true);
      }),
    );
  });

  it('always tell a changed byte', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, at, flip) => {
        const other = Uint8Array.from(list);
        other[at % other.length] = (other[at % other.length] ?? 0) ^ flip;
        expect(fingerprint(other)).not.toBe(fingerprint(list));
      }),
      { numRuns: 2000 },
    );
  });

  it('hardly ever meet: none of a hundred thousand like messages but as by chance', () => {
    const prints = new Set<number>();
    const count = 100_000;
    for (let at = 0; at < count; at += 1)
      prints.add(
        fingerprint(Buffer.from(`{"v":1,"session":"s","seq":7,"t":[${at}],"c":{"a":{"v":[${at % 7}]}}}`)),
      );
    // By chance 1.2 pairs of them meet; eight or more once in ten thousand times, and they are always the same.
    expect(count - prints.size).toBeLessThan(8);
  });

  it('tell messages apart that differ in two digits, wherever those stand to each other', () => {
    let chance = 1;
    const below = (count: number): number => {
      chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((chance / 2 ** 32) * count);
    };
    const list = Buffer.alloc(48);
    let met = 0;
    for (let run = 0; run < 400_000; run += 1) {
      for (let at = 0; at < list.length; at += 1) list[at] = 0x30 + below(10);
      const print = fingerprint(list);
      const at = below(36);
      for (const place of [at, at + 1 + below(11)])
        list[place] = 0x30 + (((list[place] ?? 0) - 0x30 + 1 + below(9)) % 10);
      if (fingerprint(list) === print) met += 1;
    }
    // By chance one run of ten thousand has one.
    expect(met).toBe(0);
  });

  it('tell what is cut off or exchanged', () => {
    const text = Buffer.from('{"v":1,"t":[1,2],"c":{"a":{"v":[12345678,87654321]}}}');
    const prints = Array.from({ length: text.length + 1 }, (_, end) => fingerprint(text.subarray(0, end)));
    expect(new Set(prints).size).toBe(prints.length);
    const exchanged = Buffer.from('{"v":1,"t":[2,1],"c":{"a":{"v":[87654321,12345678]}}}');
    expect(fingerprint(exchanged)).not.toBe(fingerprint(text));
  });
});
