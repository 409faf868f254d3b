/** Values and qualities of points. */
import { LIMITS } from '../contracts/limits.ts';
import type { QuarantineCode } from '../contracts/problems.ts';
import { GOOD, type Quality, qualityFromName, qualityFromOpcUa } from '../contracts/quality.ts';

/** At most so many UTF-16 units always fit: none takes more than three bytes of UTF-8. */
const SURELY_FITS = Math.floor(LIMITS.stringBytes / 3);
const utf8 = new TextEncoder();

const faultOfText = (text: string): QuarantineCode | undefined => {
  // A lone surrogate has no UTF-8: it could only be stored as something else.
  if (!text.isWellFormed()) return 'wrong-value-type';
  if (text.length <= SURELY_FITS) return undefined;
  return text.length > LIMITS.stringBytes || utf8.encode(text).length > LIMITS.stringBytes
    ? 'value-too-long'
    : undefined;
};

/** @returns why this is no measured value, or `undefined` when it is one */
export const faultOfValue = (value: unknown): QuarantineCode | undefined => {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : 'not-a-number';
    case 'boolean':
      return undefined;
    case 'string':
      return faultOfText(value);
    default:
      return value === null ? 'not-a-number' : 'wrong-value-type';
  }
};

/** Reads a quality: a name such as `uncertain/stale`, or an OPC UA status code. @returns -1 for anything else */
export const readQuality = (quality: unknown): Quality => {
  if (quality === undefined || quality === 'good') return GOOD;
  if (typeof quality === 'string') return qualityFromName(quality) ?? -1;
  if (typeof quality === 'number') return qualityFromOpcUa(quality) ?? -1;
  return -1;
};
