import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  opcUaOf,
  QUALITIES,
  quality,
  qualityFromName,
  qualityFromOpcUa,
  qualityName,
  statusOf,
} from '../../contracts/quality.ts';

describe('quality', () => {
  test('each has a name of its own that is read back', () => {
    for (const [place, { status }] of QUALITIES.entries()) {
      expect(qualityFromName(qualityName(place))).toBe(place);
      expect(statusOf(place)).toBe(status);
    }
  });

  test('status and the severity bits of the OPC UA code say the same', () => {
    for (const { status, opcUa } of QUALITIES) {
      expect(['good', 'uncertain', 'bad'][opcUa >>> 30]).toBe(status);
    }
  });

  test('every OPC UA code comes back as it came in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 0xffffffff }), (code) => {
        const value = qualityFromOpcUa(code);
        expect(value === undefined ? undefined : opcUaOf(value)).toBe(code);
      }),
    );
    expect(qualityFromOpcUa(0)).toBe(0);
    expect(qualityFromOpcUa(0x40940000)).toBe(quality('uncertain/out-of-range'));
  });

  test.each([-1, 1, 255, 1.5, 0x1_0000_0000, Number.NaN])('%d is no OPC UA code', (code) => {
    expect(qualityFromOpcUa(code)).toBeUndefined();
  });

  test('a code without a name is written by its severity', () => {
    expect(qualityName(0x80ab0000)).toBe('bad/0x80ab0000');
    expect(qualityName(0x40ab0000)).toBe('uncertain/0x40ab0000');
    expect(qualityName(0x00000400)).toBe('good/0x00000400');
    expect(statusOf(0xc0000000)).toBe('bad');
  });
});
