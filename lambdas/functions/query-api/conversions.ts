/** Units that a request asks for, by channel. */

import type { SeriesQuery } from '../../../contracts/resources/series.ts';
import { isNumeric } from '../../../series/points/column.ts';
import { type Conversion, conversion } from '../../../series/units/conversion.ts';
import { UnitError } from '../../../series/units/unit.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import type { Instrument } from './instruments.ts';

const refused = (detail: string): ProblemError =>
  new ProblemError('invalid-request', { errors: [{ pointer: '?unit', detail }] });

/**
 * How channels are converted.
 * @throws {ProblemError} `invalid-request` for what is not known, not numeric, or of another dimension
 */
export const conversionsOf = (
  instruments: readonly Instrument[],
  wanted: SeriesQuery['unit'],
): Map<string, Conversion> => {
  const conversions = new Map<string, Conversion>();
  for (const { channel, unit } of wanted ?? []) {
    const known = instruments.flatMap(({ channels }) => channels[channel] ?? []);
    const [first] = known;
    if (first === undefined) throw refused(`there is no channel ${channel}`);
    if (known.some((one) => !isNumeric(one.type))) throw refused(`${channel} holds no numbers`);
    if (known.some((one) => one.unit !== first.unit))
      throw refused(`${channel} is measured in several units: ask for these devices one by one`);
    try {
      conversions.set(channel, conversion(first.unit, unit));
    } catch (error) {
      if (error instanceof UnitError) throw refused(`${channel}: ${error.message}`);
      throw error;
    }
  }
  return conversions;
};
