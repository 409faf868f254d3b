import { describe, expect, it } from 'vitest';
import { quality } from '../../contracts/quality.ts';
import { pointTo } from '../../payload/pointer.ts';
import { decode, NOW, refused, T } from './decoding.ts';

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
