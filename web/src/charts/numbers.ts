/** Numbers as people read them: by the resolution of their channel, with a unit in signs. */

const SIGNS: Readonly<Record<string, string>> = {
  Cel: '°C',
  '[degF]': '°F',
  '1': '',
  '%': '%',
  '[g]': '× g',
  '[pH]': 'pH',
  '/min': '1/min',
  Ohm: 'Ω',
  '[ppm]': 'ppm',
  '[ppb]': 'ppb',
};

/** How a UCUM code is written for people; the code itself where there is no better sign. */
export const unitText = (code: string): string =>
  SIGNS[code] ??
  code
    .replace(/^u(?=[A-Za-z])/, 'µ')
    .replaceAll('.', '·')
    .replace(/^\{(.+)\}$/, '$1');

/** Digits after the point that a resolution shows. */
export const digitsOf = (resolution: number): number => {
  const [mantissa = '', exponent = '0'] = resolution.toExponential().split('e');
  const written = mantissa.split('.')[1]?.length ?? 0;
  return Math.min(20, Math.max(0, written - Number(exponent)));
};

/**
 * A number with the digits of its resolution; without one with up to nine digits that count.
 * @param resolution smallest step that the instrument shows
 */
export const numberText = (value: number, resolution?: number): string => {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (resolution !== undefined && size < 1e15) return minus(value.toFixed(digitsOf(resolution)));
  if (size !== 0 && (size < 1e-4 || size >= 1e12)) return minus(value.toExponential(3));
  return minus(String(Number(value.toPrecision(9))));
};

/** No minus before a zero. */
const minus = (text: string): string => (/[1-9]/.test(text) ? text : text.replace('-', ''));

/** A value of any type. */
export const valueText = (value: number | boolean | string | null, resolution?: number): string =>
  typeof value === 'number' ? numberText(value, resolution) : value === null ? '–' : String(value);

/** A value and its unit. */
export const measureText = (
  value: number | boolean | string | null,
  unit: string,
  resolution?: number,
): string =>
  typeof value === 'number'
    ? `${numberText(value, resolution)} ${unitText(unit)}`.trim()
    : valueText(value, resolution);

/** Labels of an axis: distinct ones, however close the ticks are. */
export const axisTexts = (splits: readonly number[]): string[] => {
  const steps = splits.slice(1).map((value, place) => Math.abs(value - (splits[place] ?? 0)));
  const step = Math.min(...steps.filter((each) => each > 0), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(step)) return splits.map((value) => numberText(value));
  const digits = digitsOf(Number(step.toPrecision(2)));
  const largest = Math.max(...splits.map(Math.abs));
  if (largest >= 1e7 || (largest < 1e-4 && largest > 0))
    return splits.map((value) => minus(value.toExponential(3)));
  return splits.map((value) => minus(value.toFixed(digits)));
};

const SIZES = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `12.3 MB` */
export const bytesText = (bytes: number): string => {
  const power = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${SIZES[power]}`;
};
