import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UndecodableMessage } from '../../contracts/messages/message.ts';
import { type CborValue, readCbor } from '../../payload/cbor.ts';
import { decodeBytes } from './decoding.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const encoder = new Encoder({ useRecords: false, mapsAsObjects: false, tagUint8Array: false });

const value: fc.Arbitrary<CborValue> = fc.oneof(
  // cbor-x writes -0 as the integer 0.
  fc.double().map((number) => (number === 0 ? 0 : number)),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 20 }),
);

describe('CBOR', () => {
  it('reads what another implementation writes', () => {
    const document = fc.array(
      fc
        .array(fc.tuple(fc.oneof(fc.integer({ min: -30, max: 300 }), fc.string({ maxLength: 30 })), value), {
          maxLength: 30,
        })
        .map((entries) => new Map(entries)),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(document, (pack) => {
        const bytes = encoder.encode(pack);
        const read = readCbor(bytes) as readonly ReadonlyMap<string | number, CborValue>[];
        expect(read).toHaveLength(pack.length);
        read.forEach((record, at) => {
          const expected = new Map(
            [...(pack[at] ?? [])].map(([key, item]) => [
              key,
              item instanceof Uint8Array ? Buffer.from(item) : item,
            ]),
          );
          expect(
            new Map(
              [...record].map(([key, item]) => [key, item instanceof Uint8Array ? Buffer.from(item) : item]),
            ),
          ).toEqual(expected);
        });
      }),
    );
  });

  // Values of RFC 8949, appendix A.
  it.each<[string, CborValue]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1000000],
    ['1b000000e8d4a51000', 1000000000000],
    ['3903e7', -1000],
    ['f90000', 0],
    ['f98000', -0],
    ['f93c00', 1],
    ['f90001', 2 ** -24],
    ['f90400', 0.00006103515625],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f9fc00', Number.NEGATIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['fa47c35000', 100000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['62c3bc', 'ü'],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['9f0102ff', [1, 2]],
    ['9fff', []],
    ['c48221196ab3', 273.15],
    ['c48203196ab3', 27315000],
    ['d9d9f701', 1],
  ])('reads %s', (bytes, expected) => expect(readCbor(hex(bytes))).toEqual(expected));

  it('reads byte strings whole and in pieces, and maps of either length', () => {
    expect(Buffer.from(readCbor(hex('4401020304')) as Uint8Array)).toEqual(Buffer.from([1, 2, 3, 4]));
    expect(Buffer.from(readCbor(hex('5f42010243030405ff')) as Uint8Array)).toEqual(
      Buffer.from([1, 2, 3, 4, 5]),
    );
    expect(readCbor(hex('bf616101ff'))).toEqual(new Map([['a', 1]]));
  });

  it.each([
    ['ends early', '82 01'],
    ['ends within a number', '1a 00 00'],
    ['ends within a text', '64 61'],
    ['ends within an endless array', '9f 01'],
    ['claims a length beyond any', '9b ff ff ff ff ff ff ff ff 01'],
    ['claims a text beyond any', '7b ff ff ff ff ff ff ff ff 61'],
    ['is followed by more', '01 01'],
    ['breaks outside', 'ff'],
    ['breaks a definite array', '82 01 ff'],
    ['breaks a definite map', 'a1 ff'],
    ['breaks between key and value', 'bf 01 ff'],
    ['has a reserved head', '1c'],
    ['has an undefined simple value', 'f7'],
    ['has a text that is not UTF-8', '62 c3 28'],
    ['has a piece of another type', '5f 61 61 ff'],
    ['has pieces within pieces', '5f 5f 41 01 ff ff'],
    ['has a label that is an array', 'a1 80 01'],
    ['has a label twice', 'a2 01 01 01 02'],
    ['has a tag that makes a date', 'c0 61 61'],
    ['has a fraction of one part', 'c4 81 01'],
    ['has a fraction of texts', 'c4 82 61 31 61 31'],
    ['is nested without end', '81'.repeat(5000)],
  ])('refuses what %s', (_, bytes) => {
    expect(() => readCbor(hex(bytes))).toThrow(expect.objectContaining({ code: 'malformed-cbor' }));
  });

  it('never fails in another way, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 200 }),
        fc.constantFrom(0x80, 0x82, 0x9f, 0xd9),
        (rest, first) => {
          try {
            decodeBytes(Uint8Array.from([first, ...rest]), 0);
          } catch (error) {
            expect(error).toBeInstanceOf(UndecodableMessage);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('SenML in CBOR', () => {
  it.each([
    ['a1 00 61 61', 'invalid-structure'],
    ['81 01', 'invalid-structure'],
    ['81 a2 00 61 61 61 6e 61 61', 'malformed-cbor'],
    ['81 a3 00 61 61 02 01 63 61 62 5f 01', 'invalid-structure'],
  ])('refuses %s as %s', (bytes, code) => {
    // The first is a map, which no SenML begins with: behind the mark of CBOR it gets this far.
    const prefix = bytes.startsWith('a1') ? 'd9d9f7' : '';
    expect(() => decodeBytes(hex(prefix + bytes), 0)).toThrow(expect.objectContaining({ code }));
  });

  it('ignores integer labels without a meaning, and names what is not a number', () => {
    // [{n: "a", v: 1, 99: 1}, {n: "a", v: NaN}, {n: "a", v: h'00'}]
    const message = decodeBytes(
      hex('83 a3 00 61 61 02 01 18 63 01 a2 00 61 61 02 f9 7e 00 a2 00 61 61 02 41 00'),
      0,
    );
    expect(message).toMatchObject({
      points: 3,
      columns: [{ value: [1] }],
      faults: [
        { code: 'not-a-number', pointer: '/1/v' },
        { code: 'wrong-value-type', pointer: '/2/v' },
      ],
    });
  });
});
