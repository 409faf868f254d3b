import { describe, expect, it } from 'vitest';
import { quality } from '../../contracts/quality.ts';
import { pointTo } from '../../payload/pointer.ts';
import { decode, decodeBytes, NOW, rows, T, utf8 } from './decoding.ts';

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
    expect(decodeBytes(utf8(text), NOW).faults).toEqual([
      { code: 'not-a-number', pointer: '/data/0/v', points: 1 },
    ]);
  });

  it('take texts up to 256 bytes', () => {
    expect(decode(rows({ n: 'a', t: T, v: 'é'.repeat(128) })).faults).toEqual([]);
  });

  it('are not misled by names of the language', () => {
    const message = decodeBytes(
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
