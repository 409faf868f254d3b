/** All units of UCUM, against what two libraries say of them. */
import { describe, expect, it } from 'vitest';
import { ATOMS, PREFIXES } from '../../../series/units/atoms.ts';
import { conversion } from '../../../series/units/conversion.ts';
import { parseUnit, type Unit } from '../../../series/units/unit.ts';
import { type Expected, readExpected } from './expected.ts';

const AVOGADRO = 6.02214076e23;
/** As the other library has it. */
const OLD_AVOGADRO = 6.0221367e23;

/** The codes that contain one of these are of a kind of their own here, and a function of others in UCUM. */
const OWN_KINDS = ['[pH]', "[p'diop]", '%[slope]', '[m/s2/Hz^(1/2)]', 'B[', '[LPF]'];
/** The library leaves the factor of 5 K/9 and 5 K/4 out, and reads `/[pi].A/m` as 1/([pi].A/m), against UCUM §7. */
const MISREAD = ['[degF]', '[degRe]', 'Oe', 'Gb'];
/** What the other library has otherwise: older constants of nature, a mesh without its slash, a prefix left out. */
const OTHERWISE = new Set(['[k]', '[G]', '[mesh_i]', 'dB']);

const quotient = (num: bigint, den: bigint): number => {
  const digits = Math.max(0, 20 + den.toString().length - num.toString().length);
  return Number(`${(num * 10n ** BigInt(digits)) / den}e-${digits}`);
};
const magnitudeOf = ({ factor, pi, dimensions }: Unit, avogadro: number): number =>
  quotient(...factor) * Math.PI ** pi * avogadro ** (dimensions.get('mol') ?? 0);
const BASE_UNITS = new Set(['m', 's', 'g', 'rad', 'K', 'C', 'cd']);
const baseOf = ({ dimensions }: Unit) => new Map([...dimensions].filter(([name]) => BASE_UNITS.has(name)));
const is = (names: readonly string[], code: string): boolean => names.some((name) => code.includes(name));

/** UCUM has no Torr, though the other library lists it. */
const expected = readExpected().filter(({ code }) => code !== 'Torr');

describe('the units of UCUM', () => {
  it('are all there', () => {
    expect(ATOMS.size).toBe(312);
    expect(PREFIXES.size).toBe(24);
    expect(expected.length).toBeGreaterThan(770);
  });

  it('are what a library says', () => {
    const compared = expected.filter(
      (each): each is Expected & { magnitude: number } =>
        each.magnitude !== undefined && !is([...OWN_KINDS, ...MISREAD], each.code),
    );
    expect(compared.length).toBeGreaterThanOrEqual(750);
    for (const { code, magnitude, dimensions } of compared) {
      const unit = parseUnit(code);
      expect(magnitudeOf(unit, AVOGADRO) / magnitude, code).toBeCloseTo(1, 12);
      expect(baseOf(unit), code).toStrictEqual(new Map(dimensions));
    }
  });

  it('are what another library says, to the digits that its constants have', () => {
    let compared = 0;
    for (const { code, ofLhc } of expected) {
      if (ofLhc === undefined || is(OWN_KINDS, code) || OTHERWISE.has(code)) continue;
      expect(magnitudeOf(parseUnit(code), OLD_AVOGADRO) / ofLhc, code).toBeCloseTo(1, 5);
      compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(750);
  });

  it('convert to each other by their magnitudes, and to themselves', () => {
    const groups = new Map<string, { readonly code: string; readonly unit: Unit }[]>();
    for (const { code } of expected) {
      const unit = parseUnit(code);
      const name = JSON.stringify([...unit.dimensions].sort());
      groups.set(name, [...(groups.get(name) ?? []), { code, unit }]);
      expect(conversion(code, code).value(12.5)).toBe(12.5);
    }
    let pairs = 0;
    for (const group of groups.values())
      for (const [at, to] of group.entries()) {
        const from = group[(at + 1) % group.length];
        if (from === undefined) continue;
        const ratio = magnitudeOf(from.unit, 1) / magnitudeOf(to.unit, 1);
        expect(
          conversion(from.code, to.code).difference(3) / (3 * ratio),
          `${from.code} ${to.code}`,
        ).toBeCloseTo(1, 12);
        pairs += 1;
      }
    expect(pairs).toBe(expected.length);
  });

  it('take a prefix where they are metric, and only there', () => {
    for (const [code, { metric = false }] of ATOMS)
      for (const prefix of PREFIXES.keys()) {
        if (ATOMS.has(`${prefix}${code}`)) continue;
        const read = () => parseUnit(`${prefix}${code}`);
        if (metric) expect(conversion(`${prefix}${code}`, code).difference(1)).toBeGreaterThan(0);
        // Another atom may begin with the rest of the prefix: da and t, d and ar.
        else if (![...PREFIXES.keys()].some((other) => isPrefixed(`${prefix}${code}`, other)))
          expect(read, `${prefix}${code}`).toThrow('is no UCUM code');
      }
  });
});

const isPrefixed = (code: string, prefix: string): boolean =>
  code.startsWith(prefix) && ATOMS.get(code.slice(prefix.length))?.metric === true;
