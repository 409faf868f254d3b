/** Numbers and ages as people read them. */
import { describe, expect, it } from 'vitest';
import {
  axisTexts,
  bytesText,
  digitsOf,
  measureText,
  numberText,
  unitText,
} from '../../web/src/charts/numbers.ts';
import { tipText } from '../../web/src/charts/tooltip.ts';
import { ageText, isStale, spanText } from '../../web/src/shell/age.ts';

describe('numbers', () => {
  it.each([
    [37, 0.01, '37.00'],
    [-0.001, 0.01, '0.00'],
    [1234.5, 1, '1235'],
    [0.1 + 0.2, undefined, '0.3'],
    [0.00001, undefined, '1.000e-5'],
    [Number.NaN, 0.1, '–'],
  ])('%s with a resolution of %s is %s', (value, resolution, text) => {
    expect(numberText(value, resolution)).toBe(text);
  });

  it('show their resolution', () => {
    expect([1, 0.1, 0.05, 0.0001, 10, 2.5].map(digitsOf)).toEqual([0, 1, 2, 4, 0, 1]);
  });

  it('on an axis differ, however close', () => {
    const texts = axisTexts([3.278, 3.279, 3.28, 3.281]);
    expect(new Set(texts).size).toBe(4);
    expect(texts[0]).toBe('3.278');
  });

  it('stand before their unit', () => {
    expect(measureText(37.5, 'Cel', 0.1)).toBe('37.5 °C');
    expect(measureText(3, '1')).toBe('3');
    expect(measureText('idle', '1')).toBe('idle');
    expect(unitText('uS/cm')).toBe('µS/cm');
    expect(bytesText(12_345_678)).toBe('12.3 MB');
  });
});

describe('ages', () => {
  it.each([
    [0, 'now'],
    [-5000, 'now'],
    [59_999, '59 s ago'],
    [3_600_000, '1 h ago'],
    [3 * 86_400_000, '3 d ago'],
  ])('of %s ms: %s', (millis, text) => {
    expect(ageText(millis)).toBe(text);
  });

  it('are too old by the interval that is declared', () => {
    expect(isStale(40_000, 10)).toBe(true);
    expect(isStale(20_000, 10)).toBe(false);
    expect(isStale(4 * 60_000, undefined)).toBe(false);
    expect(isStale(6 * 60_000, undefined)).toBe(true);
    expect(spanText(61_000)).toBe('1 min');
  });
});

describe('a tooltip', () => {
  const row = {
    label: 'temp',
    colour: '#000',
    times: [0, 1000, 2000, 60_000, 61_000],
    text: (place: number) => `#${place}`,
  };
  it('tells a value within a step of its curve alone', () => {
    expect(tipText(row, 1400)).toBe('#1');
    expect(tipText(row, 30_000)).toBe('no data');
    expect(tipText({ ...row, times: [] }, 0)).toBe('no data');
    expect(tipText({ ...row, text: () => undefined }, 1000)).toBe('no data');
  });
});
