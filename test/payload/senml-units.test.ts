import { describe, expect, it } from 'vitest';
import { senmlOf, ucumOf } from '../../payload/senml-units.ts';
import { conversion } from '../../series/units/conversion.ts';
import { decode } from './decoding.ts';

/** IANA registry "SenML Units": RFC 8428 §12.1, RFC 8798 §2, and NTU. */
const PRIMARY = (
  'm kg g s A K cd mol Hz rad sr N Pa J W C V F Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 l m/s m/s2 m3/s l/s W/m2 ' +
  'cd/m2 bit bit/s lat lon pH dB dBW Bspl count / % %RH %EL EL 1/s 1/min beat/min beats S/m B VA VAs var vars J/m ' +
  'kg/m3 deg NTU'
).split(' ');
/** IANA registry "Secondary Units", RFC 8798 §3 and later: symbol, primary unit, scale, offset. */
const SECONDARY: readonly (readonly [string, string, number, number?])[] = [
  ['ms', 's', 1 / 1000],
  ['min', 's', 60],
  ['h', 's', 3600],
  ['MHz', 'Hz', 1e6],
  ['kW', 'W', 1000],
  ['kVA', 'VA', 1000],
  ['kvar', 'var', 1000],
  ['Ah', 'C', 3600],
  ['Wh', 'J', 3600],
  ['kWh', 'J', 3.6e6],
  ['varh', 'vars', 3600],
  ['kvarh', 'vars', 3.6e6],
  ['kVAh', 'VAs', 3.6e6],
  ['Wh/km', 'J/m', 3.6],
  ['KiB', 'B', 1024],
  ['GB', 'B', 1e9],
  ['Mbit/s', 'bit/s', 1e6],
  ['B/s', 'bit/s', 8],
  ['MB/s', 'bit/s', 8e6],
  ['mV', 'V', 1 / 1000],
  ['mA', 'A', 1 / 1000],
  ['dBm', 'dBW', 1, -30],
  ['ug/m3', 'kg/m3', 1e-9],
  ['mm/h', 'm/s', 1 / 3.6e6],
  ['m/h', 'm/s', 1 / 3600],
  ['ppm', '/', 1e-6],
  ['/100', '/', 1 / 100],
  ['/1000', '/', 1 / 1000],
  ['hPa', 'Pa', 100],
  ['mm', 'm', 1 / 1000],
  ['cm', 'm', 1 / 100],
  ['km', 'm', 1000],
  ['km/h', 'm/s', 1 / 3.6],
  ['ppb', '/', 1e-9],
  ['ppt', '/', 1e-12],
  ['VAh', 'VAs', 3600],
  ['mg/l', 'kg/m3', 1 / 1000],
  ['ug/l', 'kg/m3', 1e-6],
  ['g/l', 'kg/m3', 1],
];
/** Logarithms of a ratio: a factor of theirs is no factor of the unit. */
const NO_FACTOR = new Set(['dBm']);

describe('the units of SenML', () => {
  it.each(PRIMARY)('%s is a unit that can be converted', (symbol) => {
    const { ucum, scale, offset } = ucumOf(symbol);
    expect([scale, offset]).toEqual([1, 0]);
    expect(conversion(ucum, ucum).value(5)).toBe(5);
  });

  it.each(SECONDARY.map(([symbol, primary, factor, shift = 0]) => ({ symbol, primary, factor, shift })))(
    '$symbol is $factor $primary + $shift',
    ({ symbol, primary, factor, shift }) => {
      expect(PRIMARY).toContain(primary);
      const [unit, base] = [ucumOf(symbol), ucumOf(primary)];
      if (NO_FACTOR.has(symbol)) {
        expect(unit).toEqual({ ucum: base.ucum, scale: factor, offset: shift });
        return;
      }
      const { value } = conversion(unit.ucum, base.ucum);
      const converted = value(7 * unit.scale + unit.offset);
      expect(converted / (7 * factor + shift)).toBeCloseTo(1, 14);
    },
  );

  it('that nothing is known of stay as they were sent', () => {
    for (const unit of ['mS/m', 'm3/h', '[degF]', 'widgets', ''])
      expect(ucumOf(unit)).toEqual({ ucum: unit, scale: 1, offset: 0 });
  });

  it.each([
    'Cel',
    '%',
    'hPa',
    '[pH]',
    'L',
    'mg/L',
    '1',
    '/min',
    'mS/m',
    's',
    'deg',
    'By',
    'kV.A{reactive}',
    'dB[W]',
  ])('that are written of %s read back', (ucum) =>
    expect(ucumOf(senmlOf(ucum) ?? '')).toEqual({ ucum, scale: 1, offset: 0 }),
  );

  it.each(['B', 'l', 'mg/l', 'KiB', 'dBm', 'pH'])(
    'have no word for %s of UCUM, which means another one there',
    (ucum) => expect(senmlOf(ucum)).toBeUndefined(),
  );
});

describe('values in secondary units', () => {
  it('are converted where UCUM does not have the unit, sums and base values too', () => {
    const message = decode([
      { bn: 'a', bu: 'KiB', bv: 2, v: 1, s: 4 },
      { bn: 'b', bu: 'dBm', bv: 10, v: 20 },
      { bn: 'c', bu: 'kWh', bv: 0, v: 0.1 },
    ]);
    expect(message.faults).toEqual([]);
    expect(message.columns.map(({ channel, unit, value }) => [channel, unit, value])).toEqual([
      ['a', 'By', [3072]],
      ['a.sum', 'By.s', [4096]],
      ['b', 'dB[W]', [0]],
      ['c', 'kW.h', [0.1]],
    ]);
  });

  it('have no sum where their zero lies elsewhere', () => {
    expect(decode([{ n: 'b', u: 'dBm', v: 20, s: 5 }])).toMatchObject({
      points: 2,
      columns: [{ channel: 'b', value: [-10] }],
      faults: [{ code: 'wrong-unit', pointer: '/0/s', points: 1 }],
    });
  });
});
