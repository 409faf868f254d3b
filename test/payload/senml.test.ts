import { describe, expect, it } from 'vitest';
import type { Message } from '../../contracts/messages/message.ts';
import { decodeBytes } from './decoding.ts';

const ARRIVAL = Date.UTC(2026, 2, 1, 10) * 1000;
const decode = (pack: unknown): Message =>
  decodeBytes(new TextEncoder().encode(JSON.stringify(pack)), ARRIVAL);
/** Points as `[channel, unit, seconds, value]`. */
const pointsOf = ({ columns }: Message) =>
  columns.flatMap(({ channel, unit, time, value }) =>
    value.map((point, at) => [channel, unit, (time[at] ?? 0) / 1e6, point]),
  );
const NOW = ARRIVAL / 1e6;

describe('the examples of RFC 8428', () => {
  it('§5.1.1 a single datapoint', () => {
    expect(pointsOf(decode([{ n: 'urn:dev:ow:10e2073a01080063', u: 'Cel', v: 23.1 }]))).toEqual([
      ['value', 'Cel', NOW, 23.1],
    ]);
  });

  it('§5.1.2 multiple datapoints: voltage and current, now', () => {
    const pack = [
      { bn: 'urn:dev:ow:10e2073a01080063:', n: 'voltage', u: 'V', v: 120.1 },
      { n: 'current', u: 'A', v: 1.2 },
    ];
    expect(pointsOf(decode(pack))).toEqual([
      ['voltage', 'V', NOW, 120.1],
      ['current', 'A', NOW, 1.2],
    ]);
  });

  const ampere = [
    {
      bn: 'urn:dev:ow:10e2073a0108006:',
      bt: 1.276020076001e9,
      bu: 'A',
      bver: 5,
      n: 'voltage',
      u: 'V',
      v: 120.1,
    },
    { n: 'current', t: -5, v: 1.2 },
    { n: 'current', t: -4, v: 1.3 },
    { n: 'current', t: -3, v: 1.4 },
    { n: 'current', t: -2, v: 1.5 },
    { n: 'current', t: -1, v: 1.6 },
    { n: 'current', v: 1.7 },
  ];
  const resolved = [
    ['voltage', 'V', 1276020076.001, 120.1],
    ['current', 'A', 1276020071.001, 1.2],
    ['current', 'A', 1276020072.001, 1.3],
    ['current', 'A', 1276020073.001, 1.4],
    ['current', 'A', 1276020074.001, 1.5],
    ['current', 'A', 1276020075.001, 1.6],
    ['current', 'A', 1276020076.001, 1.7],
  ];

  it('§5.1.2 base time and base unit', () => expect(pointsOf(decode(ampere))).toEqual(resolved));

  it('§6 the same in CBOR', () => {
    const bytes = Buffer.from(
      '87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067' +
        '766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272' +
        '656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e740621' +
        '02f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333333333',
      'hex',
    );
    const message = decodeBytes(bytes, ARRIVAL);
    expect(message).toMatchObject({ format: 'senml-cbor', points: 7, faults: [] });
    expect(pointsOf(message)).toEqual(resolved);
  });

  it('§5.1.3 multiple measurements: a moving sensor without names of its own', () => {
    const pack = [
      { bn: 'urn:dev:ow:10e2073a01080063', bt: 1.320067464e9, bu: '%RH', v: 20 },
      { u: 'lon', v: 24.30621 },
      { u: 'lat', v: 60.07965 },
      { t: 60, v: 20.3 },
      { u: 'lon', t: 60, v: 24.30622 },
      { u: 'lat', t: 60, v: 60.07965 },
      { u: '%EL', t: 150, v: 98 },
    ];
    expect(pointsOf(decode(pack))).toEqual([
      ['value', '%', 1320067464, 20],
      ['value', '%', 1320067524, 20.3],
      ['value', '%', 1320067614, 98],
      ['value', 'deg', 1320067464, 24.30621],
      ['value', 'deg', 1320067464, 60.07965],
      ['value', 'deg', 1320067524, 24.30622],
      ['value', 'deg', 1320067524, 60.07965],
    ]);
  });

  it('§5.1.5 values of different types; a data value is refused', () => {
    const pack = [
      { bn: 'urn:dev:ow:10e2073a01080063:', n: 'temp', u: 'Cel', v: 23.1 },
      { n: 'label', vs: 'Machine Room' },
      { n: 'open', vb: false },
      { n: 'nfc-reader', vd: 'aGkgCg' },
    ];
    const message = decode(pack);
    expect(pointsOf(message)).toEqual([
      ['temp', 'Cel', NOW, 23.1],
      ['label', undefined, NOW, 'Machine Room'],
      ['open', undefined, NOW, false],
    ]);
    expect(message).toMatchObject({
      points: 4,
      faults: [{ code: 'wrong-value-type', pointer: '/3/vd', points: 1 }],
    });
  });

  it('§5.1.6 a collection of resources, as one pack: a channel for each name', () => {
    const pack = [
      { bn: '2001:db8::2/', bt: 1.320078429e9, n: 'temperature', u: 'Cel', v: 25.2 },
      { n: 'humidity', u: '%RH', v: 30 },
      { bn: '2001:db8::1/', n: 'temperature', u: 'Cel', v: 12.3 },
      { n: 'humidity', u: '%RH', v: 67 },
    ];
    expect(pointsOf(decode(pack))).toEqual([
      ['n2001.db8.2.temperature', 'Cel', 1320078429, 25.2],
      ['n2001.db8.2.humidity', '%', 1320078429, 30],
      ['n2001.db8.1.temperature', 'Cel', 1320078429, 12.3],
      ['n2001.db8.1.humidity', '%', 1320078429, 67],
    ]);
  });
});

describe('resolution', () => {
  it('counts times below 2^28 seconds from arrival, in the past and in the future', () => {
    const times = decode([
      { n: 'a', v: 1 },
      { n: 'a', v: 2, t: -60 },
      { n: 'a', v: 3, t: 2 ** 28 - 1 },
      { n: 'a', v: 4, t: 2 ** 28 },
    ]);
    expect(times.columns[0]?.time).toEqual([
      ARRIVAL,
      ARRIVAL - 60e6,
      ARRIVAL + (2 ** 28 - 1) * 1e6,
      2 ** 28 * 1e6,
    ]);
  });

  it('adds base values to numbers only', () => {
    expect(
      pointsOf(
        decode([
          { bv: 100, n: 'a', v: 0.5 },
          { n: 'b', vs: 'x' },
          { n: 'c', vb: true },
          { bv: -1, n: 'a', v: 0.5 },
        ]),
      ),
    ).toEqual([
      ['a', undefined, NOW, 100.5],
      ['a', undefined, NOW, -0.5],
      ['b', undefined, NOW, 'x'],
      ['c', undefined, NOW, true],
    ]);
  });

  it('makes sums a channel of their own, with the base sum for a missing one', () => {
    expect(
      pointsOf(
        decode([
          { n: 'power', u: 'W', v: 5, s: 100 },
          { bs: 10, n: 'power', u: 'W', s: 95 },
          { n: 'power', u: 'W', v: 6 },
        ]),
      ),
    ).toEqual([
      ['power', 'W', NOW, 5],
      ['power', 'W', NOW, 6],
      ['power.sum', 'W.s', NOW, 100],
      ['power.sum', 'W.s', NOW, 105],
      ['power.sum', 'W.s', NOW, 10],
    ]);
  });

  it('takes records of base fields alone for what they are', () => {
    expect(decode([{ bn: 'urn:dev:x:' }, { bu: 'Cel' }, { n: 'temp', v: 1 }])).toMatchObject({
      points: 1,
      faults: [],
    });
  });
});

describe('faults', () => {
  it.each([
    [{ n: 'a', v: null }, 'not-a-number', '/0/v'],
    [{ n: 'a', v: 'x' }, 'wrong-value-type', '/0/v'],
    [{ n: 'a', vb: 1 }, 'wrong-value-type', '/0/vb'],
    [{ n: 'a', vs: 'x'.repeat(257) }, 'value-too-long', '/0/vs'],
    [{ n: 'a', s: null }, 'not-a-number', '/0/s'],
    [{ n: 'a', s: '1' }, 'wrong-value-type', '/0/s'],
    [{ n: 'a' }, 'wrong-value-type', '/0'],
    [{ n: 'a', v: 1, vs: 'x' }, 'invalid-structure', '/0'],
    [{ n: 1, v: 1 }, 'invalid-structure', '/0/n'],
    [{ n: '-a', v: 1 }, 'invalid-structure', '/0/n'],
    [{ v: 1 }, 'invalid-structure', '/0'],
    [{ n: 'a', v: 1, u: 5 }, 'wrong-unit', '/0/u'],
    [{ n: 'a', v: 1, t: 'now' }, 'invalid-time', '/0/t'],
    [{ n: 'a', v: 1, t: 1e300 }, 'invalid-time', '/0/t'],
  ])('of %j are %s at %s, and the next record stands', (record, code, pointer) => {
    const message = decode([record, { n: 'ok', v: 1 }]);
    expect(message).toMatchObject({
      points: 2,
      faults: [{ code, pointer, points: 1 }],
      columns: [{ channel: 'ok' }],
    });
  });

  it.each([
    [[1], 'invalid-structure', '/0'],
    [[{ n: 'a', v: 1, fix_: 1 }], 'invalid-structure', '/0'],
    [[{ bn: 1 }], 'invalid-structure', '/0/bn'],
    [[{ bt: 'x' }], 'invalid-structure', '/0/bt'],
    [[{ bver: 0 }], 'invalid-structure', '/0/bver'],
    [[{ bver: 11, n: 'a', v: 1 }], 'unsupported-version', '/0/bver'],
    [[{ bn: 'a' }], 'no-content', undefined],
    [[], 'no-content', undefined],
    [Array.from({ length: 2001 }, () => ({ n: 'a', v: 1 })), 'too-many-points', undefined],
    [Array.from({ length: 1500 }, () => ({ n: 'a', v: 1, s: 1 })), 'too-many-points', undefined],
  ])('of the whole pack: case %#', (pack, code, pointer) => {
    expect(() => decode(pack)).toThrow(
      expect.objectContaining({ name: 'UndecodableMessage', code, pointer }),
    );
  });
});
