/** A rule tried on past points says what it said, or would have said, when they came. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertRule } from '../../../../contracts/resources/alert-rules.ts';
import { Preview } from '../../../../lambdas/domain/alerts/preview.ts';
import { Oven, type Point, ruleOf, seconds, since, TYPE } from './world.ts';

/** As the store gives them: hour by hour, a column a channel. */
const previewOf = (rule: AlertRule, points: readonly Point[], to: number) => {
  const preview = new Preview(rule, TYPE, 'oven-1');
  const hours = Map.groupBy(points, ([at]) => Math.floor(at / 3600));
  for (const [, hour] of [...hours].sort(([one], [other]) => one - other)) {
    const channels = Map.groupBy(hour, ([, , channel = 'temp']) => channel);
    preview.take(
      [...channels].map(([channel, own]) => ({
        channel,
        type: 'number' as const,
        unit: 'Cel',
        time: own.map(([at]) => seconds(at)),
        value: own.map(([, value]) => value),
        quality: undefined,
        order: [],
      })),
    );
  }
  return preview.finish(seconds(0), seconds(to));
};
const story = (preview: ReturnType<typeof previewOf>) =>
  preview.alerts.map(({ raisedAt, returnedAt }) => [
    since(Date.parse(raisedAt) * 1000),
    returnedAt === null ? null : since(Date.parse(returnedAt) * 1000),
  ]);

const HIGH = { kind: 'threshold', direction: 'high', limit: 100 } as const;

describe('a preview', () => {
  it('tells how often and when', () => {
    const points: Point[] = [
      [0, 90],
      [10, 101],
      [20, 90],
      [3700, 102],
      [3710, 90],
      [7200, 103],
    ];
    const preview = previewOf(ruleOf(HIGH), points, 10_000);
    expect(story(preview)).toEqual([
      [10, 20],
      [3700, 3710],
      [7200, null],
    ]);
    expect(preview).toMatchObject({
      count: 3,
      points: 6,
      alerts: [{ value: 101 }, { value: 102 }, { value: 103 }],
    });
  });

  it('knows silence, also at the end', () => {
    const rule = ruleOf({ kind: 'no-data', after: 120 }, { channel: undefined });
    expect(
      story(
        previewOf(
          rule,
          [
            [0, 1],
            [100, 1],
            [400, 1],
          ],
          500,
        ),
      ),
    ).toEqual([[220, 400]]);
    expect(
      story(
        previewOf(
          rule,
          [
            [0, 1],
            [100, 1],
            [400, 1],
          ],
          520,
        ),
      ),
    ).toEqual([
      [220, 400],
      [520, null],
    ]);
  });

  it('says what is said of the same points when they come', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(10, 10, 40, 1800), fc.constantFrom(90, 97, 101, 120)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (list) => {
        let at = 0;
        const points = list.map(([step, value]): Point => {
          at += step;
          return [at, value];
        });
        const rule = ruleOf({ ...HIGH, hysteresis: 5 }, { onDelay: 20, offDelay: 10 });
        const { told } = new Oven(rule).points(...points);
        const lived = told.filter(({ kind }) => kind === 'raised').map(({ at: raisedAt }) => since(raisedAt));
        expect(story(previewOf(rule, points, at + 1)).map(([raisedAt]) => raisedAt)).toEqual(lived);
      }),
      { numRuns: 100 },
    );
  });
});
