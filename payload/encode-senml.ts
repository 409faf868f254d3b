/** Writes SenML packs, RFC 8428, as JSON and as CBOR. */
import { Encoder } from 'cbor-x';
import { opcUaOf, qualityFromName } from '../contracts/quality.ts';
import { MICROS_PER_SECOND } from '../contracts/time.ts';
import type { Measurement, Outgoing } from './outgoing.ts';
import type { SenmlRecord } from './senml.ts';
import { CBOR_LABELS, type SenmlLabel } from './senml-labels.ts';
import { channelOf, isSenmlName } from './senml-names.ts';
import { senmlOf } from './senml-units.ts';

const isGood = (quality: Measurement['quality']): boolean =>
  quality === undefined ||
  (typeof quality === 'number' ? quality : opcUaOf(qualityFromName(quality) ?? 0)) === 0;

const valueLabel = { number: 'v', string: 'vs', boolean: 'vb' } as const;

const recordOf = ({ channel, time, value, unit, quality }: Measurement): SenmlRecord => {
  if (!isGood(quality)) throw new RangeError(`SenML has no word for the quality of ${channel}.`);
  if (!isSenmlName(channel) || channelOf(channel) !== channel)
    throw new RangeError(`SenML has no name that is read as the channel ${channel}.`);
  const label = valueLabel[typeof value as keyof typeof valueLabel];
  const senml = unit === undefined ? undefined : senmlOf(unit);
  if (unit !== undefined && senml === undefined)
    throw new RangeError(`SenML has no unit that is read as ${unit}.`);
  return {
    n: channel,
    ...(senml === undefined ? {} : { u: senml }),
    t: time / MICROS_PER_SECOND,
    [label]: value,
  };
};

const recordsOf = ({ session, facts, points }: Outgoing): SenmlRecord[] => {
  if (session !== undefined) throw new RangeError('SenML has no word for sessions and sequence numbers.');
  if (facts !== undefined) throw new RangeError('SenML has no word for device facts.');
  return points.map(recordOf);
};

/**
 * Writes a SenML pack in JSON.
 * @throws {RangeError} for a session, facts, a quality other than good, and for names and units that would be read otherwise
 */
export const encodeSenml = (message: Outgoing): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(recordsOf(message)));

const cbor = new Encoder({ useRecords: false, mapsAsObjects: false, tagUint8Array: false });

/**
 * Writes a SenML pack in CBOR.
 * @throws {RangeError} as {@link encodeSenml}
 */
export const encodeSenmlCbor = (message: Outgoing): Uint8Array =>
  cbor.encode(
    recordsOf(message).map(
      (record) =>
        new Map(Object.entries(record).map(([label, value]) => [CBOR_LABELS[label as SenmlLabel], value])),
    ),
  );
