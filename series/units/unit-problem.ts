/** What is wrong with a unit, and which UCUM code was probably meant. */
import { ATOMS } from './atoms.ts';
import { parseUnit, UnitError } from './unit.ts';

/** Usual spellings of units that UCUM writes otherwise, in lower case. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['degc', 'Cel'],
  ['deg_c', 'Cel'],
  ['celsius', 'Cel'],
  ['degf', '[degF]'],
  ['deg_f', '[degF]'],
  ['fahrenheit', '[degF]'],
  ['degk', 'K'],
  ['kelvin', 'K'],
  ['rpm', '/min'],
  ['cpm', '/min'],
  ['bpm', '/min'],
  ['cps', '/s'],
  ['rps', '/s'],
  ['sec', 's'],
  ['secs', 's'],
  ['second', 's'],
  ['seconds', 's'],
  ['mins', 'min'],
  ['minute', 'min'],
  ['minutes', 'min'],
  ['hr', 'h'],
  ['hrs', 'h'],
  ['hour', 'h'],
  ['hours', 'h'],
  ['day', 'd'],
  ['days', 'd'],
  ['week', 'wk'],
  ['month', 'mo'],
  ['year', 'a'],
  ['yr', 'a'],
  ['ohm', 'Ohm'],
  ['ohms', 'Ohm'],
  ['volt', 'V'],
  ['volts', 'V'],
  ['vdc', 'V'],
  ['vac', 'V'],
  ['amp', 'A'],
  ['amps', 'A'],
  ['ampere', 'A'],
  ['watt', 'W'],
  ['watts', 'W'],
  ['hertz', 'Hz'],
  ['lux', 'lx'],
  ['micron', 'um'],
  ['liter', 'L'],
  ['litre', 'L'],
  ['liters', 'L'],
  ['gram', 'g'],
  ['grams', 'g'],
  ['meter', 'm'],
  ['cc', 'cm3'],
  ['lpm', 'L/min'],
  ['slpm', 'L{standard}/min'],
  ['sccm', 'cm3{standard}/min'],
  ['molar', 'mol/L'],
  ['mm_hg', 'mm[Hg]'],
  ['mmhg', 'mm[Hg]'],
  ['torr', 'mm[Hg]'],
  ['inhg', "[in_i'Hg]"],
  ['cmh2o', 'cm[H2O]'],
  ['mmh2o', 'mm[H2O]'],
  ['psi', '[psi]'],
  ['percent', '%'],
  ['pct', '%'],
  ['%rh', '%'],
  ['rh', '%'],
  ['vol%', '%'],
  ['ppm', '[ppm]'],
  ['ppb', '[ppb]'],
  ['ppt', '[pptr]'],
  ['ppth', '[ppth]'],
  ['ntu', '[NTU]'],
  ['fnu', '[FNU]'],
  ['iu', '[IU]'],
  ['cfu', '[CFU]'],
  ['pfu', '[PFU]'],
  ['inch', '[in_i]'],
  ['inches', '[in_i]'],
  ['feet', '[ft_i]'],
  ['foot', '[ft_i]'],
  ['lb', '[lb_av]'],
  ['lbs', '[lb_av]'],
  ['oz', '[oz_av]'],
  ['gal', '[gal_us]'],
  ['gpm', '[gal_us]/min'],
  ['mph', '[mi_i]/h'],
  ['kph', 'km/h'],
  ['mps', 'm/s'],
  ['nm', 'N.m'],
  ['va', 'V.A'],
  ['wh', 'W.h'],
  ['kwh', 'kW.h'],
  ['ah', 'A.h'],
  ['mah', 'mA.h'],
  ['degree', 'deg'],
  ['degrees', 'deg'],
  ['count', '1'],
  ['counts', '1'],
  ['none', '1'],
  ['unitless', '1'],
  ['dimensionless', '1'],
]);

const isUnit = (code: string): boolean => {
  try {
    parseUnit(code);
    return true;
  } catch (error) {
    if (error instanceof UnitError) return false;
    throw error;
  }
};

/** Codes by their lower case, where only one has it. */
const byLowerCase = new Map<string, string | undefined>();
for (const code of ATOMS.keys()) {
  const lower = code.toLowerCase();
  byLowerCase.set(lower, byLowerCase.has(lower) ? undefined : code);
}

/** The code of a symbol that is none itself: as it is usually spelt, in brackets, or in another case. */
const symbolFor = (symbol: string): string | undefined => {
  if (isUnit(symbol)) return symbol;
  const lower = symbol.toLowerCase();
  const spelt = SPELLINGS.get(lower) ?? byLowerCase.get(lower);
  if (spelt !== undefined) return spelt;
  // Prefix or atom in another case, such as KPa or khz.
  const atom = byLowerCase.get(lower.slice(1)) ?? lower.slice(1);
  const prefixed = [`${lower.slice(0, 1)}${symbol.slice(1)}`, `${symbol.slice(0, 1)}${atom}`];
  return [`[${symbol}]`, ...prefixed].find(isUnit);
};

/** Signs that people write, and UCUM does not. */
const plain = (text: string): string =>
  text
    .replace(/°\s*/g, 'deg')
    .replace(/[µμ]/g, 'u')
    .replace(/Ω/g, 'Ohm')
    .replace(/²/g, '2')
    .replace(/³/g, '3')
    .replace(/\*\*|\^/g, '')
    .replace(/[·*\s]+/g, '.');

/** The code that was probably meant; `undefined` when nothing comes near. */
const suggestionFor = (text: string): string | undefined => {
  const whole = symbolFor(text);
  if (whole !== undefined) return whole;
  const parts = plain(text).split(/([./()]|(?<=[A-Za-z%\]])[+-]?\d+)/);
  const codes = parts.map((part) =>
    part === '' || /^(?:[./()]|[+-]?\d+)$/.test(part) ? part : symbolFor(part),
  );
  const code = codes.join('');
  return codes.includes(undefined) || !isUnit(code) ? undefined : code;
};

/** Why a text is no unit. */
export interface UnitProblem {
  /** A sentence for people. */
  readonly detail: string;
  /** The code that was probably meant. */
  readonly suggestion: string | undefined;
}

/**
 * What is wrong with a unit.
 * @returns `undefined` for a UCUM code
 */
export const unitProblem = (text: string): UnitProblem | undefined => {
  try {
    parseUnit(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    const suggestion = suggestionFor(text);
    return {
      detail: suggestion === undefined ? error.message : `${text} is no UCUM code; use ${suggestion}`,
      suggestion,
    };
  }
};
