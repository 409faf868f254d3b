/** Completeness of a device in a time: its ledger, its gaps, and the points that were to be expected. */

import { LIMITS } from '../../../contracts/limits.ts';
import {
  CHANNEL_GAPS,
  COMPLETENESS_DAYS,
  COMPLETENESS_GAPS,
  type CompletenessAnswer,
  type CompletenessQuery,
  type ToldByArrival,
  type ToldByMeasured,
} from '../../../contracts/resources/completeness.ts';
import type { Device } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import {
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type Micros,
  parseTime,
} from '../../../contracts/time.ts';
import type { Found } from '../../../series/points/merge.ts';
import { addFindings, sumFindings } from '../../domain/ledger/findings.ts';
import { gapsOf, type SeqGap } from '../../domain/ledger/gaps.ts';
import { IntervalGaps } from '../../domain/ledger/interval-gaps.ts';
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

/** What completeness is told from. */
export interface Dependencies {
  readonly measurements: Measurements;
  readonly registry: Registry;
  /** Counts entries of the quarantine of a device that arrived in a range and were not taken again. */
  readonly openEntries: (device: Device, range: Range) => Promise<number>;
}

interface Known {
  readonly device: Device;
  readonly type: InstrumentType | undefined;
}

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
export const resolveHours = (
  { from, to, by }: CompletenessQuery,
  now: Micros,
): Range & { readonly by: CompletenessQuery['by'] } => {
  const end = to ?? now;
  const refuse = (detail: string): ProblemError =>
    new ProblemError('invalid-request', { errors: [{ pointer: '?from', detail }] });
  if (from > end) throw refuse('from must not lie after to, which is now when absent');
  const range = { from: Math.floor(from / HOUR) * HOUR, to: Math.ceil(end / HOUR) * HOUR, by };
  if (range.to - range.from > COMPLETENESS_DAYS * MICROS_PER_DAY)
    throw refuse(`a range is at most ${COMPLETENESS_DAYS} days`);
  return range;
};

/** Points that were measured a moment ago may be on their way. */
const ON_ITS_WAY = 2 * MICROS_PER_MINUTE;

/** Points of each channel that were measured in a range, and where some are absent. */
const channelsOf = async (
  measurements: Measurements,
  { device, type }: Known,
  range: Range,
  now: Micros,
): Promise<ToldByMeasured> => {
  const lived = {
    from: Math.max(range.from, parseTime(device.createdAt) ?? range.from),
    to: Math.min(range.to, now),
  };
  const expecting = { from: lived.from, to: Math.min(lived.to, now - ON_ITS_WAY) };
  const counted = new Map<string, IntervalGaps>();
  const countOf = (channel: string): IntervalGaps => {
    const interval = type?.channels[channel]?.interval;
    const found =
      counted.get(channel) ??
      new IntervalGaps(
        interval === undefined ? undefined : Math.round(interval * MICROS_PER_SECOND),
        expecting,
        CHANNEL_GAPS,
      );
    counted.set(channel, found);
    return found;
  };
  for (const channel of Object.keys(type?.channels ?? {})) countOf(channel);
  for await (const { columns } of readHours(measurements, device.id, range))
    for (const { channel, time } of columns) countOf(channel).add(time);
  const channels = [...counted].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    channels: channels.map(([n, count]) => {
      count.finish();
      return {
        n,
        present: count.present,
        expected: expectedOf(type?.channels[n]?.interval, lived),
        gaps: count.gaps.map(({ after, before, points }) => ({
          after: after === undefined ? null : formatTime(after),
          before: before === undefined ? null : formatTime(before),
          points,
        })),
        gapsLeft: count.left,
      };
    }),
  };
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

const gapOut = ({ session, from, to, after, before, cause }: SeqGap): ToldByArrival['gaps'][number] => ({
  session,
  from,
  to,
  messages: to - from + 1,
  after: after === undefined ? null : formatTime(after),
  before: formatTime(before),
  cause,
});

/** What came in a range by the time of its arrival. @returns also whether messages had numbers */
const arrivedIn = async (
  { measurements, registry, openEntries }: Dependencies,
  device: Device,
  range: Range,
): Promise<{ readonly told: ToldByArrival; readonly isNumbered: boolean }> => {
  const [accounts, found, latest, connections, open] = await Promise.all([
    Array.fromAsync(readAccounts(measurements, device.id, range.from, range.to)),
    findingsOf(measurements, device.id, range),
    readLatest(measurements, device.id),
    readConnections(registry, device.id, range.from, range.to),
    openEntries(device, range),
  ]);
  const sum = accounts.reduce((total, account) => addLedgers(total, account.ledger), EMPTY_LEDGER);
  const ledger = settle(sum, found);
  const ranges = mergeRanges(accounts.map((account) => account.ranges));
  const sessions = await sessionsOf(measurements, device.id, ranges, latest?.sessions ?? []);
  const gaps = gapsOf(ranges, { sessions, connections });
  return {
    isNumbered: ranges.numbered.length > 0,
    told: {
      messages: ledger.messages,
      received: ledger.received,
      stored: ledger.stored,
      duplicate: ledger.duplicate,
      overwritten: ledger.overwritten,
      quarantined: { points: sumCounts(ledger.quarantined), byCode: { ...ledger.quarantined } },
      rejected: { messages: sumCounts(ledger.rejected), byCode: { ...ledger.rejected } },
      open,
      late: ledger.late ?? 0,
      replayed: ledger.replayed ?? 0,
      missing: gaps.reduce((messages, { from, to }) => messages + to - from + 1, 0),
      gaps: gaps.slice(0, COMPLETENESS_GAPS).map(gapOut),
      gapsLeft: Math.max(0, gaps.length - COMPLETENESS_GAPS),
    },
  };
};

/**
 * Completeness over whole hours: by time of arrival what came, by time of measuring the points of channels. Points are
 * expected from when the device was registered until now.
 */
export const completenessOf = async (
  dependencies: Dependencies,
  known: Known,
  range: Range & { readonly by: CompletenessQuery['by'] },
  now: Micros,
): Promise<CompletenessAnswer> => {
  const { device, type } = known;
  const { by } = range;
  const [arrived, measured] = await Promise.all([
    by === 'measured' ? undefined : arrivedIn(dependencies, device, range),
    by === 'arrival' ? undefined : channelsOf(dependencies.measurements, known, range, now),
  ]);
  const declares = Object.values(type?.channels ?? {}).some(({ interval }) => interval !== undefined);
  const basis = [
    ...(arrived?.isNumbered ? (['sequence'] as const) : []),
    ...(measured !== undefined && declares ? (['interval'] as const) : []),
  ];
  const reason =
    arrived === undefined ? 'no-interval' : arrived.told.messages === 0 ? 'no-messages' : 'no-numbers';
  return {
    device: device.id,
    from: formatTime(range.from),
    to: formatTime(range.to),
    known: basis.length > 0,
    basis,
    ...(basis.length > 0 ? {} : { reason }),
    ...arrived?.told,
    ...measured,
  };
};
