import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChartOptions, chart } from '../../../../bin/cli/output/chart.ts';

const options: ChartOptions = { width: 24, height: 4, colour: false, timeText: (time) => `t${time}` };

describe('a chart', () => {
  it('rises where values rise, between labelled axes', () => {
    const points = Array.from({ length: 40 }, (_, at): [number, number] => [at, at / 2]);
    expect(chart([{ name: 'temp', points }], options).split('\n')).toEqual([
      expect.stringMatching(/^19\.5 ┤ +[⠀-⣿]+$/u),
      expect.stringMatching(/^ {4} ┤ +[⠀-⣿]+$/u),
      expect.stringMatching(/^ {4} ┤ +[⠀-⣿]+$/u),
      expect.stringMatching(/^ {3}0 ┤[⠀-⣿]+$/u),
      `     └${'─'.repeat(18)}`,
      '      t0             t39',
      '      ─ temp',
    ]);
  });

  it('tells lines apart by colour', () => {
    const text = chart(
      [
        {
          name: 'a',
          points: [
            [0, 0],
            [1, 0],
          ],
        },
        {
          name: 'b',
          points: [
            [0, 1],
            [1, 1],
          ],
        },
      ],
      { ...options, colour: true },
    );
    expect(text).toContain('\u{1b}[36m─ a\u{1b}[39m   \u{1b}[33m─ b\u{1b}[39m');
  });

  it('of nothing is nothing, of one value a dot', () => {
    expect(chart([], options)).toBe('');
    expect(chart([{ name: 'a', points: [[0, Number.NaN]] }], options)).toBe('');
    expect(chart([{ name: 'a', points: [[5, 7]] }], options)).toMatch(/[⠁-⣿]/u);
  });

  it('never leaves its width', () => {
    const point = fc.tuple(
      fc.integer({ min: 0, max: 1e12 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 40, max: 90 }),
        (points, width) => {
          const sorted = points.toSorted(([left], [right]) => left - right);
          const lines = chart([{ name: 'a', points: sorted }], { ...options, width })
            .split('\n')
            .slice(0, 5);
          for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
