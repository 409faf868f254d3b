/** Atoms and prefixes of UCUM (ucum-essence.xml, version 2.1) that laboratories use. */

/** A unit that is not made of others by rule. */
export type Atom = { readonly metric?: boolean } & (
  | { readonly base: true }
  | {
      /** Decimal numeral: so many of `of`. */
      readonly factor: string;
      /** Decimal numeral that divides. */
      readonly per?: string;
      /** Exponent of π. */
      readonly pi?: number;
      readonly of: string;
      /** Decimal numeral: what is to be added to a value to count from the zero of the base. */
      readonly zero?: string;
    }
);

/** The longer first, so that `da` is not taken for `d`. */
export const PREFIXES: readonly (readonly [prefix: string, exponent: number])[] = [
  ['da', 1],
  ['Y', 24],
  ['Z', 21],
  ['E', 18],
  ['P', 15],
  ['T', 12],
  ['G', 9],
  ['M', 6],
  ['k', 3],
  ['h', 2],
  ['d', -1],
  ['c', -2],
  ['m', -3],
  ['u', -6],
  ['n', -9],
  ['p', -12],
  ['f', -15],
  ['a', -18],
  ['z', -21],
  ['y', -24],
];

const metric = { metric: true } as const;
const base = { base: true } as const;
const is = (factor: string, of: string) => ({ factor, of });
const SECOND_OF_ARC = { factor: '1', per: '648000', pi: 1, of: 'rad' } as const;

export const ATOMS: ReadonlyMap<string, Atom> = new Map<string, Atom>([
  // Base units.
  ['m', { ...base, ...metric }],
  ['s', { ...base, ...metric }],
  ['g', { ...base, ...metric }],
  ['rad', { ...base, ...metric }],
  ['K', { ...base, ...metric }],
  ['C', { ...base, ...metric }],
  ['cd', { ...base, ...metric }],
  ['mol', { ...base, ...metric }],
  // Numbers.
  ['10*', is('10', '1')],
  ['10^', is('10', '1')],
  ['[pi]', { factor: '1', pi: 1, of: '1' }],
  ['%', { factor: '1', per: '100', of: '1' }],
  ['[ppth]', { factor: '1', per: '1000', of: '1' }],
  ['[ppm]', { factor: '1', per: '1000000', of: '1' }],
  ['[ppb]', { factor: '1', per: '1000000000', of: '1' }],
  ['[pptr]', { factor: '1', per: '1000000000000', of: '1' }],
  // Derived units of the SI.
  ['sr', { ...is('1', 'rad2'), ...metric }],
  ['Hz', { ...is('1', 's-1'), ...metric }],
  ['N', { ...is('1', 'kg.m/s2'), ...metric }],
  ['Pa', { ...is('1', 'N/m2'), ...metric }],
  ['J', { ...is('1', 'N.m'), ...metric }],
  ['W', { ...is('1', 'J/s'), ...metric }],
  ['A', { ...is('1', 'C/s'), ...metric }],
  ['V', { ...is('1', 'J/C'), ...metric }],
  ['F', { ...is('1', 'C/V'), ...metric }],
  ['Ohm', { ...is('1', 'V/A'), ...metric }],
  ['S', { ...is('1', 'Ohm-1'), ...metric }],
  ['Wb', { ...is('1', 'V.s'), ...metric }],
  ['T', { ...is('1', 'Wb/m2'), ...metric }],
  ['H', { ...is('1', 'Wb/A'), ...metric }],
  ['lm', { ...is('1', 'cd.sr'), ...metric }],
  ['lx', { ...is('1', 'lm/m2'), ...metric }],
  ['Bq', { ...is('1', 's-1'), ...metric }],
  ['Gy', { ...is('1', 'J/kg'), ...metric }],
  ['Sv', { ...is('1', 'J/kg'), ...metric }],
  ['kat', { ...is('1', 'mol/s'), ...metric }],
  ['U', { ...is('1', 'umol/min'), ...metric }],
  // Temperatures that count from elsewhere.
  ['Cel', { ...is('1', 'K'), ...metric, zero: '273.15' }],
  ['[degF]', { factor: '5', per: '9', of: 'K', zero: '459.67' }],
  ['[degR]', { factor: '5', per: '9', of: 'K' }],
  // Time.
  ['min', is('60', 's')],
  ['h', is('60', 'min')],
  ['d', is('24', 'h')],
  ['wk', is('7', 'd')],
  ['a', is('365.25', 'd')],
  // Angle.
  ['deg', { factor: '1', per: '180', pi: 1, of: 'rad' }],
  ["'", { factor: '1', per: '10800', pi: 1, of: 'rad' }],
  ["''", SECOND_OF_ARC],
  ['circ', { factor: '2', pi: 1, of: 'rad' }],
  // Volume, area, mass.
  ['l', { ...is('1', 'dm3'), ...metric }],
  ['L', { ...is('1', 'dm3'), ...metric }],
  ['ar', { ...is('100', 'm2'), ...metric }],
  ['t', { ...is('1000', 'kg'), ...metric }],
  ['u', { factor: '1.66053906660', per: '1000000000000000000000000', of: 'g', ...metric }],
  ['g%', { ...is('1', 'g/dl'), ...metric }],
  // Pressure, force, energy, viscosity.
  ['bar', { ...is('100000', 'Pa'), ...metric }],
  ['atm', is('101325', 'Pa')],
  ['att', is('1', 'kgf/cm2')],
  ['m[Hg]', { ...is('133.3220', 'kPa'), ...metric }],
  ['m[H2O]', { ...is('9.80665', 'kPa'), ...metric }],
  ['[psi]', { factor: '4.4482216152605', per: '0.00064516', of: 'Pa' }],
  ["[in_i'Hg]", is('3.3863788', 'kPa')],
  ['[g]', { ...is('9.80665', 'm/s2'), ...metric }],
  ['gf', { ...is('1', 'g.[g]'), ...metric }],
  ['dyn', { ...is('1', 'g.cm/s2'), ...metric }],
  ['erg', { ...is('1', 'dyn.cm'), ...metric }],
  ['cal', { ...is('4.184', 'J'), ...metric }],
  ['eV', { factor: '1.602176634', per: '10000000000000000000', of: 'J', ...metric }],
  ['P', { ...is('1', 'dyn.s/cm2'), ...metric }],
  ['St', { ...is('1', 'cm2/s'), ...metric }],
  // Fields and radiation of older systems.
  ['G', { ...is('0.0001', 'T'), ...metric }],
  ['Ci', { ...is('37000000000', 'Bq'), ...metric }],
  ['Ao', is('0.1', 'nm')],
  // Customary units.
  ['[in_i]', is('2.54', 'cm')],
  ['[ft_i]', is('12', '[in_i]')],
  ['[yd_i]', is('3', '[ft_i]')],
  ['[mi_i]', is('5280', '[ft_i]')],
  ['[lb_av]', is('453.59237', 'g')],
  ['[oz_av]', { factor: '1', per: '16', of: '[lb_av]' }],
  ['[gal_us]', is('231', '[in_i]3')],
  // Arbitrary units, and levels: of their own kind each.
  ['[pH]', base],
  ['[iU]', { ...base, ...metric }],
  ['[IU]', { ...is('1', '[iU]'), ...metric }],
  ['[CFU]', base],
  ['[PFU]', base],
  ["[arb'U]", base],
  ['[hp_X]', base],
  ['osm', { ...base, ...metric }],
  ['eq', { ...base, ...metric }],
  ['B', { ...base, ...metric }],
  ['Np', { ...base, ...metric }],
  ['bit', base],
  ['By', { ...is('8', 'bit'), ...metric }],
  ['[NTU]', base],
  ['[rH]', base],
]);
