/**
 * Units of SenML (IANA registry "SenML Units", RFC 8428 §12.1, and the secondary units of RFC 8798) that are
 * spelt otherwise in UCUM. Every other one is the same in both, or is left as sent.
 */
const UCUM: ReadonlyMap<string, string> = new Map([
  ['l', 'L'],
  ['l/s', 'L/s'],
  ['lat', 'deg'],
  ['lon', 'deg'],
  ['pH', '[pH]'],
  ['dBW', 'dB[W]'],
  ['Bspl', 'B[SPL]'],
  ['count', '1'],
  ['beats', '1'],
  ['/', '1'],
  ['%RH', '%'],
  ['%EL', '%'],
  // Remaining energy as the time that it lasts.
  ['EL', 's'],
  ['1/s', '/s'],
  ['1/min', '/min'],
  ['beat/min', '/min'],
  ['B', 'By'],
  ['B/s', 'By/s'],
  ['KiB', 'KiBy'],
  ['GB', 'GBy'],
  ['MB/s', 'MBy/s'],
  ['VA', 'V.A'],
  ['VAs', 'V.A.s'],
  ['kVA', 'kV.A'],
  ['kVAh', 'kV.A.h'],
  ['Ah', 'A.h'],
  ['Wh', 'W.h'],
  ['kWh', 'kW.h'],
  ['Wh/km', 'W.h/km'],
  ['ppm', '[ppm]'],
  ['/100', '%'],
  ['/1000', '[ppth]'],
]);

const SENML: ReadonlyMap<string, string> = new Map([
  ['L', 'l'],
  ['L/s', 'l/s'],
  ['[pH]', 'pH'],
  ['1', '/'],
  ['/s', '1/s'],
  ['/min', '1/min'],
  ['[ppm]', 'ppm'],
]);

/** The UCUM code of a SenML unit. */
export const ucumOf = (senml: string): string => UCUM.get(senml) ?? senml;

/** The SenML unit that reads back as a UCUM code. */
export const senmlOf = (ucum: string): string => SENML.get(ucum) ?? ucum;
