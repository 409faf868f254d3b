/** Completeness of a device in a time: its ledger, its gaps, and the points that were to be expected. */

import { LIMITS } from '../../../contracts/limits.ts';
import {
  COMPLETENESS_DAYS,
  COMPLETENESS_GAPS,
  type Completeness,
  type CompletenessQuery,
} from '../../../contracts/resources/completeness.ts';
import type { Device } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import {
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_SECOND,
  type Micros,
  parseTime,
} from '../../../contracts/time.ts';
import type { Found } from '../../../series/points/merge.ts';
import { addFindings, sumFindings } from '../../domain/ledger/findings.ts';
import { gapsOf, type SeqGap } from '../../domain/ledger/gaps.ts';
import { addLedgers, EMPTY_LEDGER, settle, sumCounts } from '../../domain/ledger/ledger.ts';
import { mergeRanges, type SequenceRanges } from '../../domain/ledger/sequence-ranges.ts';
import type { Session } from '../../domain/ledger/sessions.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { runLimited } from '../../runtime/limit.ts';
import {
  type Measurements,
  mergeHourItems,
  readAccounts,
  readDirtyHours,
  readFindings,
  readHourItems,
  readHours,
  readLatest,
  readPartedSessions,
} from '../../store/measurements/index.ts';
import { readConnections } from '../../store/registry/connections.ts';
import type { Registry } from '../../store/registry/keys.ts';

interface Range {
  readonly from: Micros;
  readonly to: Micros;
}

const HOUR = MICROS_PER_HOUR;
const HOURS_AT_ONCE = 4;

/**
 * The hours of a request.
 * @throws {ProblemError} `invalid-request` for a range that ends before it begins or is too long
 */
export const resolveHours = ({ from, to }: CompletenessQuery, now: Micros): Range => {
  const end = to ?? now;
  const refuse = (detail: string): ProblemError =>
    new ProblemError('invalid-request', { errors: [{ pointer: '?from', detail }] });
  if (from > end) throw refuse('from must not lie after to, which is now when absent');
  const range = { from: Math.floor(from / HOUR) * HOUR, to: Math.ceil(end / HOUR) * HOUR };
  if (range.to - range.from > COMPLETENESS_DAYS * MICROS_PER_DAY)
    throw refuse(`a range is at most ${COMPLETENESS_DAYS} days`);
  return range;
};

/** Points of each channel that were measured in a range. */
const countPoints = async (measurements: Measurements, device: string, range: Range) => {
  const present = new Map<string, number>();
  for await (const { columns } of readHours(measurements, device, range))
    for (const { channel, time } of columns) present.set(channel, (present.get(channel) ?? 0) + time.length);
  return present;
};

/**
 * What merging found of points that arrived in a range: what compaction noted, and of hours that it has not come to yet
 * what merging them now finds. A query of each, and one of each such hour: mostly that is the one that is open.
 */
const findingsOf = async (
  measurements: Measurements,
  device: string,
  { from, to }: Range,
): Promise<Readonly<Found>> => {
  const earliest = from - LIMITS.pastMicros - HOUR;
  const latest = to + LIMITS.futureMicros + HOUR;
  const [noted, open] = await Promise.all([
    readFindings(measurements, device, from, to),
    readDirtyHours(measurements, device, earliest, latest),
  ]);
  const merged = await runLimited([...open], HOURS_AT_ONCE, async (hour) => {
    const items = await readHourItems(measurements, device, hour);
    return mergeHourItems(device, items).found;
  });
  return sumFindings(addFindings(noted, ...merged), from, to);
};

/** The sessions of a range, also those that the state of the device no longer holds: a Query where there are such. */
const sessionsOf = async (
  measurements: Measurements,
  device: string,
  { numbered }: SequenceRanges,
  remembered: readonly Session[],
): Promise<readonly Session[]> => {
  const known = new Set(remembered.map(({ id }) => id));
  if (numbered.every(({ session }) => known.has(session))) return remembered;
  const parted = await readPartedSessions(measurements, device);
  return [...remembered, ...parted.filter(({ id }) => !known.has(id))];
};

const expectedOf = (interval: number | undefined, { from, to }: Range): number | null =>
  interval === undefined
    ? null
    : Math.max(0, Math.floor(Math.max(0, to - from) / Math.round(interval * MICROS_PER_SECOND)));

const channelsOf = (
  type: InstrumentType | undefined,
  present: ReadonlyMap<string, number>,
  lived: Range,
): Completeness['channels'] =>
  [...new Set([...Object.keys(type?.channels ?? {}), ...present.keys()])].sort().map((n) => ({
    n,
    present: present.get(n) ?? 0,
    expected: expectedOf(type?.channels[n]?.interval, lived),
  }));

const gapOut = ({ session, from, to, after, before, cause }: SeqGap): Completeness['gaps'][number] => ({
  session,
  from,
  to,
  messages: to - from + 1,
  after: after === undefined ? null : formatTime(after),
  before: formatTime(before),
  cause,
});

/**
 * Completeness by time of arrival, over whole hours; the points of channels are those measured in the same hours.
 * Points are expected from when the device was registered until now.
 */
export const completenessOf = async (
  measurements: Measurements,
  registry: Registry,
  { device, type }: { readonly device: Device; readonly type: InstrumentType | undefined },
  range: Range,
  now: Micros,
): Promise<Completeness> => {
  const [accounts, present, found, latest, connections] = await Promise.all([
    Array.fromAsync(readAccounts(measurements, device.id, range.from, range.to)),
    countPoints(measurements, device.id, range),
    findingsOf(measurements, device.id, range),
    readLatest(measurements, device.id),
    readConnections(registry, device.id, range.from, range.to),
  ]);
  const told = accounts.reduce((sum, account) => addLedgers(sum, account.ledger), EMPTY_LEDGER);
  const ledger = settle(told, found);
  const ranges = mergeRanges(accounts.map((account) => account.ranges));
  const sessions = await sessionsOf(measurements, device.id, ranges, latest?.sessions ?? []);
  const gaps = gapsOf(ranges, { sessions, connections });
  const lived = {
    from: Math.max(range.from, parseTime(device.createdAt) ?? range.from),
    to: Math.min(range.to, now),
  };
  return {
    device: device.id,
    from: formatTime(range.from),
    to: formatTime(range.to),
    messages: ledger.messages,
    received: ledger.received,
    stored: ledger.stored,
    duplicate: ledger.duplicate,
    overwritten: ledger.overwritten,
    quarantined: { points: sumCounts(ledger.quarantined), byCode: { ...ledger.quarantined } },
    rejected: { messages: sumCounts(ledger.rejected), byCode: { ...ledger.rejected } },
    late: ledger.late ?? 0,
    replayed: ledger.replayed ?? 0,
    channels: channelsOf(type, present, lived),
    missing: gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    gaps: gaps.slice(0, COMPLETENESS_GAPS).map(gapOut),
    gapsLeft: Math.max(0, gaps.length - COMPLETENESS_GAPS),
  };
};
