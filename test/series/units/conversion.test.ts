import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conversion } from '../../../series/units/conversion.ts';
import { UnitError } from '../../../series/units/unit.ts';

describe('a conversion', () => {
  it.each([
    ['Cel', 'K', 37, 310.15],
    ['Cel', '[degF]', 100, 212],
    ['[degF]', 'Cel', 212, 100],
    ['[degF]', 'K', 32, 273.15],
    ['K', 'mK', 1.5, 1500],
    ['%', '1', 45, 0.45],
    ['[ppm]', '%', 400, 0.04],
    ['mL/min', 'L/h', 500, 30],
    ['ml/min', 'mL/min', 7, 7],
    ['kPa', 'bar', 101.325, 1.01325],
    ['mbar', 'Pa', 1013.25, 101325],
    ['atm', 'Pa', 1, 101325],
    ['mm[Hg]', 'Pa', 1, 133.322],
    ['[psi]', 'kPa', 1, 6.894757293168361],
    ['mg/dL', 'g/L', 90, 0.9],
    ['mmol/L', 'mol/m3', 5, 5],
    ['{RPM}/min', 'Hz', 60, 1],
    ['/min', '1/s', 60, 1],
    ['10*3/uL', '10*9/L', 5, 5],
    ['N.m', 'J', 3, 3],
    ['(kg.m)/(s.s)', 'N', 3, 3],
    ['uS/cm', 'mS/m', 1, 0.1],
    ['[in_i]', 'cm', 10, 25.4],
    ['kat', 'U', 1, 6e7],
    ['m2.s-2', 'J/kg', 4, 4],
    ['d', 'h', 2, 48],
    ['dam', 'm', 2, 20],
    ['Cel/min', 'K/min', 5, 5],
    ['Cel/min', '[degF]/min', 5, 9],
    ['1/Cel', '/K', 5, 5],
    ['Cel2', 'K2', 5, 5],
    ['m.Cel', 'm.K', 5, 5],
    ['Cel', 'kCel', 10, 0.01],
    ['kCel', 'Cel', 0.01, 10],
    ['mCel', 'K', 1, 273.151],
    ['K', 'mCel', 273.151, 1],
    ['kCel', '[degF]', 0.1, 212],
    ['10.Cel', 'Cel', 3.7, 37],
    ['Cel', '10*-1.Cel', 37, 370],
    ['Cel/2', 'K', 74, 310.15],
    ['[degRe]', 'Cel', 80, 100],
    ['Cel{body}', 'K', 37, 310.15],
    ['(Cel)', 'K', 37, 310.15],
    ['dB', 'B', 10, 1],
    ['dB[V]', 'B[V]', 25, 2.5],
    ['[IU]/L', 'k[IU]/mL', 1e6, 1],
    ['[IU]', '[iU]', 3, 3],
    ['[pH]/h', '[pH]/d', 0.1, 2.4],
    ['KiBy', 'By', 2, 2048],
    ['[NTU]', '[NTU]', 3, 3],
    ['{cells}/uL', '10*6/L', 5, 5],
    ['g%', 'g/L', 1, 10],
    ['deg', "''", 1, 3600],
    ['[diop]', '/m', 2, 2],
    ['m[H2O]', 'cm[H2O]', 1, 100],
    ['[psi]', 'mm[Hg]', 1, 51.7150755],
    ['Oe', 'A/m', 1, 79.5774715],
    ['/min.mL', 'mL/min', 3, 3],
    ['mg{creatinine}', 'g', 1, 0.001],
  ])('%s to %s: %d is %d', (from, to, value, expected) => {
    expect(conversion(from, to).value(value)).toBeCloseTo(expected, 7);
    expect(conversion(from, to).unit).toBe(to);
  });

  it('rounds no more than it has to', () => {
    expect(conversion('[degF]', 'Cel').value(212)).toBe(100);
    expect(conversion('Cel', 'K').value(37)).toBe(310.15);
    expect(conversion('deg', 'rad').value(180)).toBe(Math.PI);
  });

  it('keeps a negative zero', () => {
    expect(conversion('m', 'cm').value(-0)).toBe(-0);
  });

  it('leaves the zero out of differences and counts it in sums', () => {
    const { difference, sum } = conversion('Cel', '[degF]');
    expect(difference(10)).toBe(18);
    expect(sum(30, 3)).toBe(150);
    const scaled = conversion('Cel', 'kCel');
    expect(scaled.difference(10)).toBe(0.01);
    expect(scaled.sum(30, 3)).toBe(0.03);
    expect(conversion('mCel', 'K').sum(3, 3)).toBeCloseTo(819.453, 9);
  });

  it('goes there and back', () => {
    const pairs = fc.constantFrom(['Cel', '[degF]'], ['mbar', '[psi]'], ['mL/min', 'm3/a'], ['deg', 'mrad']);
    fc.assert(
      fc.property(pairs, fc.double({ min: -1e6, max: 1e6, noNaN: true }), ([from = '', to = ''], value) => {
        const there = conversion(from, to).value(value);
        expect(conversion(to, from).value(there)).toBeCloseTo(value, 6);
      }),
    );
  });

  it.each([
    ['Cel', 'Pa'],
    ['mol', '1'],
    ['[pH]', '1'],
    ['[pH]', 'mol/L'],
    ['B[V]', 'V'],
    ['B[V]', 'B[mV]'],
    ['B', '1'],
    ['bit', '1'],
    ['[CFU]', '1'],
    ['[CFU]', '[PFU]'],
    ['[NTU]', '[FNU]'],
    ['Cel/min', 'Cel'],
    ['[iU]/L', 'mol/L'],
    ['m', 'm2'],
    ['1', 'Cel'],
    ['%', 'K'],
  ])('refuses %s to %s', (from, to) => {
    expect(() => conversion(from, to)).toThrow(UnitError);
    expect(() => conversion(from, to)).toThrow(/do not measure the same/);
  });

  it.each(['', 'furlong', 'C elsius', 'm//s', 'm.', '(m', 'm)', '0', 'm99', 'kmin', 'k%', 'cel', '°C', '{'])(
    'refuses %j as a unit',
    (unit) => {
      expect(() => conversion('1', unit)).toThrow(/is no UCUM code/);
    },
  );

  it('answers any text with a unit or a refusal', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 32 }), (text) => {
        try {
          conversion(text, text);
        } catch (error) {
          expect(error).toBeInstanceOf(UnitError);
        }
      }),
    );
  });
});
