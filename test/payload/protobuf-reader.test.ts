import { create, fromBinary, type MessageInitShape, toBinary, toJson } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageSchema } from '../../payload/gen/labgate_pb.ts';
import { readWire } from '../../payload/protobuf-reader.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const value = fc.oneof(
  fc.double().map((number) => ({ case: 'number' as const, value: number })),
  int64.map((integer) => ({ case: 'integer' as const, value: integer })),
  fc.boolean().map((flag) => ({ case: 'flag' as const, value: flag })),
  fc.string({ unit: 'grapheme' }).map((text) => ({ case: 'text' as const, value: text })),
  fc.constant({ case: undefined }),
);
const message = fc.record({
  version: fc.nat(),
  session: fc.string(),
  device: optional(
    fc.record({
      location: optional(fc.string({ unit: 'grapheme' })),
      mac: optional(fc.string()),
      ip: optional(fc.string()),
      firmware: optional(fc.string()),
      latitude: optional(fc.double()),
      longitude: optional(fc.double()),
    }),
  ),
  readings: fc.array(
    fc.record({ channel: fc.string(), time: int64, value, unit: fc.string(), quality: fc.nat(2 ** 32 - 1) }),
    { maxLength: 5 },
  ),
  sensorReadings: fc.array(
    fc.record({
      time: int64,
      temperature: optional(fc.double()),
      humidity: optional(fc.double()),
      pressure: optional(fc.double()),
      battery: optional(fc.double()),
    }),
    { maxLength: 5 },
  ),
  seq: optional(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  sent: optional(int64),
  ack: fc.boolean(),
});

/** A message in the generated form, however it was read. */
const toGenerated = (read: unknown) =>
  toJson(MessageSchema, create(MessageSchema, read as MessageInitShape<typeof MessageSchema>));
const viaGenerated = (bytes: Uint8Array) => toJson(MessageSchema, fromBinary(MessageSchema, bytes));
const write = (init: unknown) =>
  toBinary(MessageSchema, create(MessageSchema, init as MessageInitShape<typeof MessageSchema>));

describe('the reader of labgate.proto', () => {
  it('reads what the generated code reads', () => {
    fc.assert(
      fc.property(message, (init) => {
        const bytes = write(init);
        expect(toGenerated(readWire(bytes))).toEqual(viaGenerated(bytes));
      }),
    );
  });

  it('joins messages that come in parts, and takes the last of a field that comes twice', () => {
    fc.assert(
      fc.property(message, message, (first, second) => {
        const bytes = Buffer.concat([write(first), write(second)]);
        expect(toGenerated(readWire(bytes))).toEqual(viaGenerated(bytes));
      }),
    );
  });

  it('skips fields that it does not know, at every level', () => {
    // Fields 15 of every wire type: varint, 64 bits, length-delimited, group, 32 bits.
    const unknown = [
      0x78, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 2, 1, 2, 0x7b, 0x08, 1, 0x7c, 0x7d, 1, 2, 3, 4,
    ];
    const within = (tag: number) => [tag, unknown.length, ...unknown];
    const bytes = Uint8Array.from([0x10, 1, ...unknown, ...within(0x22), ...within(0x2a), ...within(0x32)]);
    expect(readWire(bytes)).toMatchObject({
      version: 1,
      device: {},
      readings: [{ channel: '' }],
      sensorReadings: [{ time: 0n }],
    });
  });

  it('takes of damaged bytes only what the generated code reads the same', () => {
    let taken = 0;
    const damaged = fc.tuple(message, fc.nat(10_000), fc.nat(255)).map(([init, at, byte]) => {
      const bytes = write(init);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(damaged, (bytes) => {
        let read: unknown;
        try {
          read = readWire(bytes);
        } catch {
          return;
        }
        taken += 1;
        expect(toGenerated(read)).toEqual(viaGenerated(bytes));
      }),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it.each([
    ['another wire type', [0x12, 1, 0]],
    ['a reading of another wire type', [0x2a, 2, 0x0d, 0]],
    ['a part longer than its whole', [0x2a, 2, 0x0a, 5, 97, 97, 97, 97, 97]],
    ['a double over the end of its message', [0x32, 3, 0x11, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['an end within a number', [0x10]],
    ['a group that does not end', [0x7b, 0x08, 1]],
  ])('refuses %s', (_, bytes) => expect(() => readWire(Uint8Array.from(bytes))).toThrow());
});
