/**
 * Units of SenML in UCUM: the IANA registry "SenML Units" (RFC 8428 §12.1, RFC 8798 §2 and NTU) and the registry
 * "Secondary Units" (RFC 8798 §3 and those that came later). A unit that is not listed here is written the same in both,
 * or is left as it was sent.
 */

/** A SenML unit: a value in it is `scale` · value + `offset` in the UCUM unit. */
export interface SenmlUnit {
  /** UCUM code. */
  readonly ucum: string;
  readonly scale: number;
  readonly offset: number;
}

const same = (ucum: string): SenmlUnit => ({ ucum, scale: 1, offset: 0 });

/** Units that only change their spelling. The first of several is the one to write. */
const SPELLINGS: readonly (readonly [senml: string, ucum: string])[] = [
  ['l', 'L'],
  ['l/s', 'L/s'],
  ['g/l', 'g/L'],
  ['mg/l', 'mg/L'],
  ['ug/l', 'ug/L'],
  ['deg', 'deg'],
  ['lat', 'deg'],
  ['lon', 'deg'],
  ['pH', '[pH]'],
  ['NTU', '[NTU]'],
  ['dBW', 'dB[W]'],
  ['Bspl', 'B[SPL]'],
  // Numbers, and shares of a whole.
  ['/', '1'],
  ['count', '1'],
  ['beats', '1'],
  ['%', '%'],
  ['%RH', '%'],
  ['%EL', '%'],
  ['/100', '%'],
  ['/1000', '[ppth]'],
  ['ppm', '[ppm]'],
  ['ppb', '[ppb]'],
  ['ppt', '[pptr]'],
  // What is left in a battery, as the time that it lasts.
  ['s', 's'],
  ['EL', 's'],
  ['1/s', '/s'],
  ['1/min', '/min'],
  ['beat/min', '/min'],
  ['B', 'By'],
  ['GB', 'GBy'],
  ['B/s', 'By/s'],
  ['MB/s', 'MBy/s'],
  // Charge, energy, and power of alternating current. UCUM has no var: what is in braces tells people, not arithmetic.
  ['Ah', 'A.h'],
  ['Wh', 'W.h'],
  ['kWh', 'kW.h'],
  ['Wh/km', 'W.h/km'],
  ['VA', 'V.A'],
  ['kVA', 'kV.A'],
  ['VAs', 'V.A.s'],
  ['VAh', 'V.A.h'],
  ['kVAh', 'kV.A.h'],
  ['var', 'V.A{reactive}'],
  ['kvar', 'kV.A{reactive}'],
  ['vars', 'V.A.s{reactive}'],
  ['varh', 'V.A.h{reactive}'],
  ['kvarh', 'kV.A.h{reactive}'],
];

const UNITS: ReadonlyMap<string, SenmlUnit> = new Map([
  ...SPELLINGS.map(([senml, ucum]) => [senml, same(ucum)] as const),
  // Units that UCUM does not have.
  ['KiB', { ucum: 'By', scale: 1024, offset: 0 }],
  ['Mbit/s', { ucum: 'bit/s', scale: 1e6, offset: 0 }],
  ['dBm', { ucum: 'dB[W]', scale: 1, offset: -30 }],
]);

const SENML: ReadonlyMap<string, string> = new Map(
  SPELLINGS.toReversed().map(([senml, ucum]) => [ucum, senml]),
);

/** What a SenML unit is in UCUM. */
export const ucumOf = (senml: string): SenmlUnit => UNITS.get(senml) ?? same(senml);

/** The SenML unit that reads back as a UCUM code, or `undefined` where there is none. */
export const senmlOf = (ucum: string): string | undefined => {
  const senml = SENML.get(ucum) ?? ucum;
  const { ucum: back, scale, offset } = ucumOf(senml);
  return back === ucum && scale === 1 && offset === 0 ? senml : undefined;
};
