import { describe, expect, test } from 'vitest';
import type { Message } from '../../contracts/messages/message.ts';
import type { Curve } from '../../web/src/charts/curves.ts';
import { matches } from '../../web/src/live/filters.ts';
import { goneOn, Measured } from '../../web/src/live/measured.ts';
import { judgedOver, newestOfMessage, withHeard } from '../../web/src/live/values.ts';

const CHANNELS = { temp: { unit: 'Cel', kind: 'continuous', interval: 1 } } as const;

/** A message with one channel; seconds, and a value for each. */
const message = (
  points: readonly (readonly [second: number, value: number])[],
  channel = 'temp',
): Message => ({
  format: 'rows',
  session: undefined,
  seq: undefined,
  sent: undefined,
  ack: false,
  facts: undefined,
  columns: [
    {
      channel,
      unit: undefined,
      time: points.map(([second]) => second * 1_000_000 + 7),
      value: points.map(([, value]) => value),
      quality: undefined,
    },
  ],
  faults: [],
  points: points.length,
});

const curve = (seconds: readonly number[]): Curve => ({
  device: 'a',
  channel: 'temp',
  unit: 'Cel',
  times: seconds.map((second) => second * 1000),
  values: seconds,
  quality: seconds.map(() => 'good'),
});

const measured = (...messages: readonly Message[]): Measured => {
  const all = new Measured();
  for (const each of messages) all.add(each, CHANNELS);
  return all;
};

describe('what was heard goes on where the API ends', () => {
  test('later points alone, in order, each once', () => {
    const heard = measured(
      message([
        [5, 5],
        [3, 3],
      ]),
      message([[4, 4]]),
      message([
        [4, 4],
        [6, 6],
      ]),
    );
    const [whole] = goneOn([curve([1, 2, 3])], heard, 'a', CHANNELS, 0);
    expect(whole?.times).toEqual([1000, 2000, 3000, 4000, 5000, 6000]);
    expect(whole?.values).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('what was not heard is a gap, also where both meet', () => {
    const heard = measured(
      message([
        [9, 9],
        [10, 10],
        [20, 20],
      ]),
    );
    const [whole] = goneOn([curve([1, 2, 3])], heard, 'a', CHANNELS, 0);
    expect(whole?.values).toEqual([1, 2, 3, null, 9, 10, null, 20]);
  });

  test('a curve to which nothing is added stays the same object', () => {
    const known = curve([1, 2, 3]);
    expect(goneOn([known], measured(message([[3, 30]])), 'a', CHANNELS, 0)[0]).toBe(known);
  });

  test('what the API has replaces it', () => {
    const heard = measured(
      message([
        [4, 40],
        [5, 50],
      ]),
    );
    heard.dropUntil('temp', 4000);
    expect(heard.columns.get('temp')?.values).toEqual([50]);
  });

  test('behind buckets it goes on after the last one, without a band', () => {
    const seconds = [0, 10, 20];
    const band = { min: seconds, max: seconds };
    const heard = measured(
      message([
        [25, 25],
        [30, 30],
      ]),
    );
    const [whole] = goneOn([{ ...curve(seconds), band }], heard, 'a', CHANNELS, 10_000);
    expect(whole?.values).toEqual([0, 10, 20, 30]);
    expect(whole?.band?.min).toEqual([0, 10, 20, null]);
  });

  test('a channel that the API has no point of begins', () => {
    const [whole] = goneOn([], measured(message([[1, 1]])), 'a', CHANNELS, 0);
    expect(whole).toMatchObject({ channel: 'temp', unit: 'Cel', values: [1] });
  });

  test('a channel that the type does not know is not shown', () => {
    expect(goneOn([], measured(message([[1, 1]], 'other')), 'a', CHANNELS, 0)).toEqual([]);
  });
});

describe('newest values', () => {
  const said = (second: number, q = 'good') => ({
    n: 'temp',
    t: new Date(second * 1000).toISOString(),
    v: second,
    u: 'Cel',
    q,
    arrived: '',
  });

  test('an older value, as of a queue that is sent after, changes nothing', () => {
    const heard = newestOfMessage(
      {},
      message([
        [8, 8],
        [9, 9],
      ]),
      CHANNELS,
      0,
    );
    expect(withHeard([said(10)], heard)).toEqual([said(10)]);
    expect(withHeard([said(3)], heard)).toMatchObject([{ v: 9 }]);
  });

  test('an answer of the API that is older than what was heard does not turn it back', () => {
    const heard = withHeard([said(3)], newestOfMessage({}, message([[9, 9]]), CHANNELS, 1000));
    expect(judgedOver(heard, [said(4)], 5000)).toMatchObject([{ v: 9 }]);
  });

  test('what was heard and never stored goes', () => {
    const heard = withHeard([said(3)], newestOfMessage({}, message([[9, 9]]), CHANNELS, 1000));
    expect(judgedOver(heard, [said(4)], 60_000)).toMatchObject([{ v: 4 }]);
  });

  test('what the API judged takes the place of the same point', () => {
    const point = {
      ...message([]),
      columns: message([[9, 9]]).columns.map((each) => ({ ...each, time: [9_000_000] })),
    };
    const heard = newestOfMessage({}, point, CHANNELS, 1000);
    expect(judgedOver(heard, [said(9, 'bad/out-of-range')], 2000)).toMatchObject([{ q: 'bad/out-of-range' }]);
  });
});

test.each([
  ['lab/+/+/data', 'lab/a/b/data', true],
  ['lab/a/+/data', 'lab/b/b/data', false],
  ['lab/a/+', 'lab/a/b/data', false],
  ['live/a/#', 'live/a/presence/b', true],
  ['lab/a/b/data', 'lab/a/b', false],
])('%s and %s', (filter, topic, within) => {
  expect(matches(filter, topic)).toBe(within);
});
