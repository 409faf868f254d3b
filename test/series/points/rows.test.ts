import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MICROS_PER_HOUR } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { rowsOf } from '../../../series/points/rows.ts';

const columns = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: 5 * MICROS_PER_HOUR }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.constantFrom(0, 9, 12),
    ),
    {
      selector: ([at]) => at,
      maxLength: 60,
    },
  )
  .map((points): SeriesColumn => {
    points.sort(([left], [right]) => left - right);
    return {
      channel: 'x',
      type: 'number',
      unit: '1',
      time: points.map(([at]) => at),
      value: points.map(([, value]) => value),
      quality: points.map(([, , quality]) => quality),
    };
  });

describe('rowsOf', () => {
  it('gives each point once, by time and channel', () => {
    fc.assert(
      fc.property(fc.array(columns, { maxLength: 4 }), (list) => {
        const named = list.map((column, index) => ({ ...column, channel: `c${index}` }));
        const rows = [...rowsOf(named)];
        expect(rows).toHaveLength(named.reduce((sum, column) => sum + column.time.length, 0));
        for (const [at, row] of rows.entries()) {
          const before = rows[at - 1];
          if (before === undefined) continue;
          expect(before.time < row.time || (before.time === row.time && before.channel < row.channel)).toBe(
            true,
          );
        }
      }),
    );
  });
});
