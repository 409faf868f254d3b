import { describe, expect, it } from 'vitest';
import { quality, qualityName } from '../../../../contracts/quality.ts';
import { channel } from '../../../../contracts/resources/instrument-types.ts';
import {
  judgeNext,
  judgeValue,
  rulesOf,
  startTrack,
  worse,
} from '../../../../lambdas/domain/ingestion/quality.ts';

const rules = rulesOf(
  channel.parse({ unit: 'Cel', range: { min: 0, max: 50 }, limits: { min: -50 }, maxRate: 2, stuckAfter: 3 }),
);

/** Judges values one second apart. */
const judge = (values: readonly (number | string)[], given: readonly number[] = []): string[] => {
  const track = startTrack(0, values[0] ?? 0, 0);
  return values.map((value, at) =>
    qualityName(judgeNext(rules, track, at * 1_000_000, value, given[at] ?? 0, 0)),
  );
};

describe('judgeNext', () => {
  it('finds what lies outside range and limits', () => {
    expect(judge([0, -1])).toStrictEqual(['good', 'uncertain/out-of-range']);
    expect(judge([50, 51])).toStrictEqual(['good', 'uncertain/out-of-range']);
    expect(judge([-51])).toStrictEqual(['bad/out-of-range']);
  });

  it('finds a spike and believes the return from it', () => {
    expect(judge([20, 40, 21])).toStrictEqual(['good', 'uncertain/jump', 'good']);
  });

  it('believes a step once enough time has passed for it', () => {
    expect(judge([20, 25, 25.1, 25.2])).toStrictEqual(['good', 'uncertain/jump', 'uncertain/jump', 'good']);
  });

  it('measures no jump from a bad point', () => {
    expect(judge([20, 30, 21], [0, quality('bad/sensor-failure'), 0])).toStrictEqual([
      'good',
      'bad/sensor-failure',
      'good',
    ]);
  });

  it('finds a value that does not change', () => {
    expect(judge([20, 20, 20, 20, 21])).toStrictEqual([
      'good',
      'good',
      'uncertain/stuck',
      'uncertain/stuck',
      'good',
    ]);
  });

  it('names out-of-range before jump before stuck', () => {
    expect(judge([20, 60, 60, 60])).toStrictEqual([
      'good',
      ...new Array<string>(3).fill('uncertain/out-of-range'),
    ]);
  });

  it('judges texts only by whether they change', () => {
    expect(judge(['a', 'a', 'a'])).toStrictEqual(['good', 'good', 'uncertain/stuck']);
    expect(judgeValue(rules, true)).toBe(0);
  });
});

describe('worse', () => {
  it('never improves what the device says, and keeps its word where both are as bad', () => {
    const given = quality('uncertain/stale');
    expect(worse(given, quality('uncertain/jump'))).toBe(given);
    expect(worse(given, quality('good'))).toBe(given);
    expect(worse(given, quality('bad/out-of-range'))).toBe(quality('bad/out-of-range'));
    expect(worse(quality('good/overridden'), quality('good'))).toBe(quality('good/overridden'));
  });
});
