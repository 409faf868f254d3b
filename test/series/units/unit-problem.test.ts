import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INSTRUMENT_TYPES } from '../../../device/simulator/index.ts';
import { parseUnit } from '../../../series/units/unit.ts';
import { unitProblem } from '../../../series/units/unit-problem.ts';

describe('a unit', () => {
  it.each([
    ['degC', 'Cel'],
    ['°C', 'Cel'],
    ['degF', '[degF]'],
    ['°F', '[degF]'],
    ['celsius', 'Cel'],
    ['CEL', 'Cel'],
    ['rpm', '/min'],
    ['RPM', '/min'],
    ['percent', '%'],
    ['%RH', '%'],
    ['ppm', '[ppm]'],
    ['psi', '[psi]'],
    ['PSI', '[psi]'],
    ['mmHg', 'mm[Hg]'],
    ['Torr', 'mm[Hg]'],
    ['sec', 's'],
    ['L/hr', 'L/h'],
    ['mL/sec', 'mL/s'],
    ['µS/cm', 'uS/cm'],
    ['µg/m³', 'ug/m3'],
    ['m^3/hr', 'm3/h'],
    ['degC/min', 'Cel/min'],
    ['kWh', 'kW.h'],
    ['N*m', 'N.m'],
    ['N m', 'N.m'],
    ['hz', 'Hz'],
    ['KPa', 'kPa'],
    ['khz', 'kHz'],
    ['mhz', 'mHz'],
    ['lux', 'lx'],
    ['ohm', 'Ohm'],
    ['kg.m^2', 'kg.m2'],
    ['NTU', '[NTU]'],
    ['IU/mL', '[IU]/mL'],
    ['sccm', 'cm3{standard}/min'],
    ['counts/sec', '1/s'],
  ])('that is spelt %s is refused, and %s suggested', (text, code) => {
    expect(unitProblem(text)).toStrictEqual({
      detail: `${text} is no UCUM code; use ${code}`,
      suggestion: code,
    });
    expect(() => parseUnit(code)).not.toThrow();
  });

  it.each(['furlong', 'm//s', '(m', 'm99', '{', ''])(
    '%j is refused with a reason where nothing comes near',
    (text) => {
      const problem = unitProblem(text);
      expect(problem?.suggestion).toBeUndefined();
      expect(problem?.detail).toMatch(/ is no UCUM code: /);
    },
  );

  it.each([
    'Cel',
    'mg/l',
    'mg/L',
    'uS/cm',
    '/min',
    '1/min',
    'C',
    'F',
    '10*3/uL',
    '{RPM}/min',
    '1',
    '%',
    '[pH]',
  ])('%s is one', (code) => {
    expect(unitProblem(code)).toBeUndefined();
  });

  it('of a starter type is one', () => {
    const units = INSTRUMENT_TYPES.flatMap(({ channels }) => Object.values(channels).map(({ unit }) => unit));
    expect(units.length).toBeGreaterThan(10);
    for (const unit of units) expect(unitProblem(unit), unit).toBeUndefined();
  });

  it('is suggested only where it is one, whatever the text', () => {
    const piece = fc.constantFrom(
      'deg',
      'C',
      'm',
      'µ',
      '°',
      '/',
      '.',
      '^',
      '2',
      '³',
      'hr',
      'KPa',
      '(',
      ')',
      '-1',
      ' ',
      '{x}',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.array(piece, { maxLength: 5 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (code) => {
        const problem = unitProblem(code);
        if (problem?.suggestion !== undefined)
          expect(() => parseUnit(problem.suggestion ?? '')).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});
