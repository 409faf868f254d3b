import { gzipSync, zstdCompressSync } from 'node:zlib';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../contracts/payload/decode.ts';
import { MessageSchema } from '../../../contracts/payload/gen/labgate_pb.ts';
import { type Message, UndecodableMessage } from '../../../contracts/payload/message.ts';
import { pointTo } from '../../../contracts/payload/pointer.ts';
import { QUARANTINE } from '../../../contracts/problems.ts';
import { quality } from '../../../contracts/quality.ts';

const NOW = Date.UTC(2026, 2, 1, 10) * 1000;
const T = '2026-03-01T10:00:00.000Z';
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (document: unknown): Message => decodeMessage(utf8(JSON.stringify(document)), NOW);
const rows = (...data: readonly unknown[]) => ({ v: 1, data });
const refused = (code: string, pointer?: string) =>
  expect.objectContaining({
    name: 'UndecodableMessage',
    code,
    ...(pointer === undefined ? {} : { pointer }),
  });

describe('native rows', () => {
  it('give columns by channel and unit, with places, shared times and qualities', () => {
    const message = decode({
      v: 1,
      session: '01JABC',
      seq: 7,
      sent: '2026-03-01T10:00:01Z',
      ack: true,
      device: { firmware: '2.1', ip: '10.0.0.7', shoeSize: 43 },
      data: [
        { n: 'temp', t: T, v: 37.02, u: 'Cel', q: 'good' },
        { n: 'ph', t: T, v: 7 },
        { n: 'temp', t: '2026-03-01T10:00:00.5Z', v: 37.1, u: 'Cel', q: 'uncertain/stale', note: 'ignored' },
        { n: 'ph', t: NOW / 1000 + 500, v: 7.1, q: 0x80ab0000 },
        { n: 'temp', t: T, v: 310, u: 'K' },
        { n: 'state', t: T, v: 'running' },
      ],
    });
    expect(message).toMatchObject({
      format: 'rows',
      session: '01JABC',
      seq: 7,
      sent: NOW + 1e6,
      ack: true,
      facts: { firmware: '2.1', ip: '10.0.0.7' },
      points: 6,
      faults: [],
    });
    expect(message.columns).toMatchObject([
      {
        channel: 'temp',
        unit: 'Cel',
        time: [NOW, NOW + 5e5],
        value: [37.02, 37.1],
        quality: [0, quality('uncertain/stale')],
        row: [0, 2],
      },
      {
        channel: 'ph',
        unit: undefined,
        time: [NOW, NOW + 5e5],
        value: [7, 7.1],
        quality: [0, 0x80ab0000],
        row: [1, 3],
      },
      { channel: 'temp', unit: 'K', value: [310] },
      { channel: 'state', unit: undefined, value: ['running'], quality: undefined },
    ]);
    expect(message.columns[0]?.time).toBe(message.columns[1]?.time);
    expect(message.columns.map((column) => pointTo(column, 0))).toEqual([
      '/data/0',
      '/data/1',
      '/data/4',
      '/data/5',
    ]);
  });

  it('keep channels apart whose names and units could be run together', () => {
    const { columns } = decode(
      rows(
        { n: 'b', u: 'a', t: T, v: 1 },
        { n: 'ab', t: T, v: 2 },
        { n: 'ab', u: '', t: T, v: 3 },
        { n: ':b', t: T, v: 4 },
        { n: 'b', u: 'a', t: T, v: 5 },
      ),
    );
    expect(columns.map(({ channel, unit, value }) => [channel, unit, value])).toEqual([
      ['b', 'a', [1, 5]],
      ['ab', undefined, [2]],
      ['ab', '', [3]],
      [':b', undefined, [4]],
    ]);
  });

  it.each<[unknown, string, string]>([
    [null, 'invalid-structure', ''],
    [[], 'invalid-structure', ''],
    [{ t: T, v: 1 }, 'invalid-structure', '/n'],
    [{ n: 1, t: T, v: 1 }, 'invalid-structure', '/n'],
    [{ n: 'a', v: 1 }, 'invalid-time', '/t'],
    [{ n: 'a', t: 'yesterday', v: 1 }, 'invalid-time', '/t'],
    [{ n: 'a', t: '2026-02-30T00:00:00Z', v: 1 }, 'invalid-time', '/t'],
    [{ n: 'a', t: null, v: 1 }, 'invalid-time', '/t'],
    [{ n: 'a', t: 1e300, v: 1 }, 'invalid-time', '/t'],
    [{ n: 'a', t: T }, 'wrong-value-type', '/v'],
    [{ n: 'a', t: T, v: null }, 'not-a-number', '/v'],
    [{ n: 'a', t: T, v: {} }, 'wrong-value-type', '/v'],
    [{ n: 'a', t: T, v: [1] }, 'wrong-value-type', '/v'],
    [{ n: 'a', t: T, v: '\ud800' }, 'wrong-value-type', '/v'],
    [{ n: 'a', t: T, v: 'x'.repeat(257) }, 'value-too-long', '/v'],
    [{ n: 'a', t: T, v: 'é'.repeat(129) }, 'value-too-long', '/v'],
    [{ n: 'a', t: T, v: 1, u: 1 }, 'wrong-unit', '/u'],
    [{ n: 'a', t: T, v: 1, q: 'superb' }, 'invalid-quality', '/q'],
    [{ n: 'a', t: T, v: 1, q: 5 }, 'invalid-quality', '/q'],
    [{ n: 'a', t: T, v: 1, q: null }, 'invalid-quality', '/q'],
  ])('name the fault of %j as %s, and keep the rest', (row, code, member) => {
    expect(decode(rows(row, { n: 'ok', t: T, v: true }))).toMatchObject({
      points: 2,
      columns: [{ channel: 'ok', value: [true] }],
      faults: [{ code, pointer: `/data/0${member}`, points: 1 }],
    });
  });

  it('know infinity, which JSON can only say by a number too large', () => {
    const text = `{"v":1,"data":[{"n":"a","t":"${T}","v":1e999}]}`;
    expect(decodeMessage(utf8(text), NOW).faults).toEqual([
      { code: 'not-a-number', pointer: '/data/0/v', points: 1 },
    ]);
  });

  it('take texts up to 256 bytes', () => {
    expect(decode(rows({ n: 'a', t: T, v: 'é'.repeat(128) })).faults).toEqual([]);
  });

  it('are not misled by names of the language', () => {
    const message = decodeMessage(
      utf8(
        `{"v":1,"__proto__":{"ack":true},"data":[{"n":"__proto__","t":"${T}","v":1},{"n":"constructor","t":"${T}","v":2},{"__proto__":{"n":"x","t":1,"v":1}}]}`,
      ),
      NOW,
    );
    expect(message.ack).toBe(false);
    expect(message.columns.map(({ channel, value }) => [channel, value])).toEqual([
      ['__proto__', [1]],
      ['constructor', [2]],
    ]);
    expect(message.faults).toEqual([{ code: 'invalid-structure', pointer: '/data/2/n', points: 1 }]);
    expect(Object.prototype).not.toHaveProperty('n');
  });

  it('need no points beside device facts', () => {
    expect(decode({ v: 1, device: { firmware: '1' } })).toMatchObject({
      points: 0,
      facts: { firmware: '1' },
      columns: [],
    });
  });
});

describe('the header', () => {
  it.each<[object, string, string]>([
    [{ v: 2 }, 'unsupported-version', '/v'],
    [{ v: '1' }, 'invalid-structure', '/v'],
    [{ v: undefined }, 'invalid-structure', '/v'],
    [{ session: '' }, 'invalid-structure', '/session'],
    [{ session: 'a b' }, 'invalid-structure', '/session'],
    [{ session: 'x'.repeat(65) }, 'invalid-structure', '/session'],
    [{ session: 's', seq: -1 }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: 1.5 }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: '1' }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: 2 ** 53 }, 'invalid-structure', '/seq'],
    [{ seq: 1 }, 'invalid-structure', '/session'],
    [{ session: 's', ack: true }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: 1, ack: 'yes' }, 'invalid-structure', '/ack'],
    [{ data: {} }, 'invalid-structure', '/data'],
    [{ data: undefined }, 'invalid-structure', '/data'],
    [{ data: [] }, 'no-content', ''],
    [{ data: [], device: {} }, 'no-content', ''],
    [{ c: {} }, 'invalid-structure', ''],
  ])('with %j is refused as %s', (part, code, pointer) => {
    const document = { ...rows({ n: 'a', t: T, v: 1 }), ...part };
    expect(() => decode(document)).toThrow(code === 'no-content' ? refused(code) : refused(code, pointer));
  });

  it('with a wrong time or fact loses only that', () => {
    expect(
      decode({ ...rows({ n: 'a', t: T, v: 1 }), sent: 'x', device: { ip: 'x', mac: 5, firmware: '1' } }),
    ).toMatchObject({
      sent: undefined,
      facts: { firmware: '1' },
      points: 1,
      faults: [
        { code: 'invalid-time', pointer: '/sent', points: 0 },
        { code: 'invalid-structure', pointer: '/device/mac', points: 0 },
        { code: 'invalid-structure', pointer: '/device/ip', points: 0 },
      ],
    });
    expect(decode({ ...rows(), device: 5 })).toMatchObject({
      facts: undefined,
      faults: [{ pointer: '/device' }],
    });
  });
});

describe('native columns', () => {
  const columns = (t: unknown, c: unknown) => ({ v: 1, t, c });

  it('are taken as they are when nothing is wrong', () => {
    const message = decode(
      columns([T, NOW / 1000 + 1], {
        temp: { u: 'Cel', v: [37, 37.5], q: ['good', 'bad'] },
        ph: { v: [7, 7.1], q: ['good', 0] },
        state: { v: ['on', 'off'] },
      }),
    );
    expect(message).toMatchObject({
      format: 'columns',
      points: 6,
      faults: [],
      columns: [
        {
          channel: 'temp',
          unit: 'Cel',
          time: [NOW, NOW + 1000],
          value: [37, 37.5],
          quality: [0, quality('bad')],
        },
        { channel: 'ph', unit: undefined, value: [7, 7.1], quality: undefined },
        { channel: 'state', value: ['on', 'off'] },
      ],
    });
    expect(new Set(message.columns.map(({ time }) => time)).size).toBe(1);
    expect(message.columns.map((column) => pointTo(column, 1))).toEqual([
      '/c/temp/v/1',
      '/c/ph/v/1',
      '/c/state/v/1',
    ]);
  });

  it('leave out the points that cannot be used, and name each', () => {
    const message = decode(
      columns([T, 'x', T], {
        'a/~': { v: [1, 2, null] },
        b: { v: [true, false, true], q: ['good', 'good', 'none'] },
        c: { u: 5, v: [1, 2, 3] },
      }),
    );
    expect(message.points).toBe(9);
    expect(message.columns).toMatchObject([
      { channel: 'a/~', value: [1], row: [0] },
      { channel: 'b', value: [true], quality: [0], row: [0] },
    ]);
    expect(message.faults).toEqual([
      { code: 'invalid-time', pointer: '/t/1', points: 3 },
      { code: 'not-a-number', pointer: '/c/a~1~0/v/2', points: 1 },
      { code: 'invalid-quality', pointer: '/c/b/q/2', points: 1 },
      { code: 'wrong-unit', pointer: '/c/c/u', points: 2 },
    ]);
  });

  it.each<[unknown, unknown, string, string | undefined]>([
    ['x', {}, 'invalid-structure', '/t'],
    [[T], [], 'invalid-structure', '/c'],
    [[T], null, 'invalid-structure', '/c'],
    [[T], { a: 5 }, 'invalid-structure', '/c/a'],
    [[T], { a: {} }, 'invalid-structure', '/c/a/v'],
    [[T], { a: { v: [1, 2] } }, 'invalid-structure', '/c/a/v'],
    [[T], { a: { v: [1], q: [] } }, 'invalid-structure', '/c/a/q'],
    [[T], { a: { v: [1], q: 'good' } }, 'invalid-structure', '/c/a/q'],
    [[], { a: { v: [] } }, 'no-content', undefined],
    [[T], {}, 'no-content', undefined],
    [Array(1001).fill(T), { a: { v: [] }, b: { v: [] } }, 'too-many-points', undefined],
    [Array(2001).fill(T), {}, 'too-many-points', undefined],
  ])('with t=%j c=%j are refused as %s', (t, c, code, pointer) => {
    expect(() => decode(columns(t, c))).toThrow(refused(code, pointer));
  });
});

describe('protobuf', () => {
  const encode = (init: MessageInitShape<typeof MessageSchema>): Uint8Array =>
    toBinary(MessageSchema, create(MessageSchema, { version: 1, ...init }));
  const time = BigInt(NOW);

  it('gives channels of readings and of sensor readings', () => {
    const message = decodeMessage(
      encode({
        session: 's',
        seq: 3n,
        sent: time,
        ack: true,
        device: {
          firmware: '1.0',
          mac: '02:00:00:00:00:01',
          ip: '10.0.0.1',
          location: 'Basel',
          latitude: 47.5,
          longitude: 7.6,
        },
        readings: [
          { channel: 'ph', time, value: { case: 'number', value: 7.1 }, unit: '[pH]', quality: 0x40900000 },
          { channel: 'count', time, value: { case: 'integer', value: -5n } },
          { channel: 'open', time, value: { case: 'flag', value: true } },
          { channel: 'state', time, value: { case: 'text', value: 'on' } },
        ],
        sensorReadings: [{ time, temperature: 21.5, humidity: 40, pressure: 1013, battery: 0 }],
      }),
      NOW,
    );
    expect(message).toMatchObject({
      format: 'protobuf',
      session: 's',
      seq: 3,
      sent: NOW,
      ack: true,
      points: 8,
      faults: [],
    });
    expect(message.facts).toEqual({
      firmware: '1.0',
      mac: '02:00:00:00:00:01',
      ip: '10.0.0.1',
      location: 'Basel',
      latitude: 47.5,
      longitude: 7.6,
    });
    expect(
      message.columns.map((column) => [
        column.channel,
        column.unit,
        column.value[0],
        column.quality?.[0],
        pointTo(column, 0),
      ]),
    ).toEqual([
      ['ph', '[pH]', 7.1, quality('uncertain/stale'), '/readings/0'],
      ['count', undefined, -5, undefined, '/readings/1'],
      ['open', undefined, true, undefined, '/readings/2'],
      ['state', undefined, 'on', undefined, '/readings/3'],
      ['temperature', 'Cel', 21.5, undefined, '/sensorReadings/0/temperature'],
      ['humidity', '%', 40, undefined, '/sensorReadings/0/humidity'],
      ['pressure', 'hPa', 1013, undefined, '/sensorReadings/0/pressure'],
      ['battery', '%', 0, undefined, '/sensorReadings/0/battery'],
    ]);
  });

  it('names what of it cannot be used', () => {
    const value = { case: 'number', value: 1 } as const;
    const message = decodeMessage(
      encode({
        sent: 0n,
        readings: [
          { channel: '', time, value },
          { channel: 'a', value },
          { channel: 'a', time: 2n ** 62n, value },
          { channel: 'a', time },
          { channel: 'a', time, value: { case: 'number', value: Number.NaN } },
          { channel: 'a', time, value: { case: 'integer', value: 2n ** 60n } },
          { channel: 'a', time, value, quality: 7 },
        ],
        sensorReadings: [{ time }, { temperature: 1 }, { time, temperature: Number.POSITIVE_INFINITY }],
      }),
      NOW,
    );
    expect(message.columns).toEqual([]);
    expect(message.points).toBe(10);
    expect(message.faults.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['invalid-time', '/sent'],
      ['invalid-structure', '/readings/0/channel'],
      ['invalid-time', '/readings/1/time'],
      ['invalid-time', '/readings/2/time'],
      ['wrong-value-type', '/readings/3/value'],
      ['not-a-number', '/readings/4/number'],
      ['wrong-value-type', '/readings/5/integer'],
      ['invalid-quality', '/readings/6/quality'],
      ['invalid-structure', '/sensorReadings/0'],
      ['invalid-time', '/sensorReadings/1/time'],
      ['not-a-number', '/sensorReadings/2/temperature'],
    ]);
  });

  it.each<[string, Uint8Array, string]>([
    ['another version', encode({ version: 2 }), 'unsupported-version'],
    ['no version', encode({ version: 0, session: 's' }), 'unsupported-version'],
    ['a session of blanks', encode({ session: 'a b' }), 'invalid-structure'],
    ['a number without a session', encode({ seq: 1n }), 'invalid-structure'],
    [
      'too many readings',
      encode({ sensorReadings: Array.from({ length: 2001 }, () => ({ time })) }),
      'too-many-points',
    ],
    [
      'too many values',
      encode({
        sensorReadings: Array.from({ length: 600 }, () => ({
          time,
          temperature: 1,
          humidity: 1,
          pressure: 1,
          battery: 1,
        })),
      }),
      'too-many-points',
    ],
    ['nothing', encode({}), 'no-content'],
    ['bytes that end early', encode({ session: 'abcdef' }).subarray(0, 5), 'malformed-protobuf'],
    ['a text that is not UTF-8', Uint8Array.of(0x10, 1, 0x1a, 1, 0xff), 'malformed-protobuf'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(() => decodeMessage(bytes, NOW)).toThrow(refused(code));
  });
});

describe('wrapping', () => {
  const plain = utf8(JSON.stringify(rows({ n: 'a', t: T, v: 1 })));

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('in %s is taken off, once and within bounds', (_, pack) => {
    const packed = pack(plain);
    expect(decodeMessage(packed, NOW)).toMatchObject({ points: 1 });
    expect(() => decodeMessage(pack(packed), NOW)).toThrow(refused('unknown-format'));
    expect(() => decodeMessage(pack(gzipSync(plain)), NOW)).toThrow(refused('unknown-format'));
    expect(() => decodeMessage(pack(Buffer.alloc(2 * 2 ** 20 + 1, ' ')), NOW)).toThrow(
      refused('unpacked-too-large'),
    );
    expect(() => decodeMessage(pack(Buffer.alloc(2 ** 26)), NOW)).toThrow(refused('unpacked-too-large'));
    expect(() => decodeMessage(pack(Buffer.alloc(0)), NOW)).toThrow(refused('empty-message'));
    expect(() => decodeMessage(packed.subarray(0, -4), NOW)).toThrow(refused('corrupt-compression'));
    expect(() => decodeMessage(Buffer.concat([packed, plain]), NOW)).toThrow(refused('corrupt-compression'));
    const space = Buffer.concat([Buffer.alloc(2 * 2 ** 20 - plain.length, ' '), plain]);
    expect(decodeMessage(pack(space), NOW)).toMatchObject({ points: 1 });
  });

  it('in zstd may not ask for a large window', () => {
    // A frame header with a window of 128 MiB: 17 for the exponent over the first KiB.
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00);
    expect(() => decodeMessage(frame, NOW)).toThrow(refused('corrupt-compression'));
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
  ])('%s', (_, bytes, code) => expect(() => decodeMessage(bytes, NOW)).toThrow(refused(code)));

  it('may begin with white space or a byte order mark before JSON', () => {
    const text = JSON.stringify(rows({ n: 'a', t: T, v: 1 }));
    for (const before of [' ', '\n', '\r\n', '\t', '\ufeff']) {
      expect(decodeMessage(utf8(before + text), NOW)).toMatchObject({ points: 1 });
    }
  });

  it('may be part of a larger buffer', () => {
    const text = utf8(`xx${JSON.stringify(rows({ n: 'a', t: T, v: 1 }))}xx`);
    expect(decodeMessage(text.subarray(2, -2), NOW)).toMatchObject({ points: 1 });
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
          const { columns, faults, points } = decodeMessage(bytes, NOW);
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
