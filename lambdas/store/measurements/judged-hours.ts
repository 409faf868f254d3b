/**
 * Points of a device's hours as judged. Blocks have them so; points that came since are judged as they are read, by the
 * same rules and by what came before them, so that an hour reads alike before and after it is compacted.
 *
 * Where points are judged by their neighbours, the first such hour of a reading costs two Queries more: of what is remembered
 * of the hours before, and of the hours since that are not compacted yet.
 */
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import type { RulesByChannel, Tracks } from '../../domain/ingestion/quality.ts';
import { type HourItems, isWhole, mergeHourItems } from './hour-items.ts';
import { anyLooksBack, contextBefore, judgeHour } from './judge-context.ts';
import type { Measurements } from './keys.ts';
import { readHourItems, readItemsByHour } from './read-hours.ts';

/** Hours before the first that are read for what they come to, where compaction is behind. */
const LOOK_BACK = 3 * MICROS_PER_HOUR;

const NO_RULES: RulesByChannel = new Map();
const NO_TRACKS: Tracks = new Map();

/** Judges hours in order of time. */
export class JudgedHours {
  private readonly measurements: Measurements;
  private readonly device: string;
  private readonly rules: RulesByChannel;
  private readonly channels: ReadonlySet<string> | undefined;
  private readonly looks: boolean;
  private readonly signal: AbortSignal | undefined;
  /** What is remembered of the points before the next hour, while that is known. */
  private tracks: Tracks | undefined;

  /**
   * @param rules by which points are judged; those of a channel without any keep the given quality
   * @param channels that are wanted; all when absent
   */
  constructor(
    measurements: Measurements,
    device: string,
    rules: RulesByChannel = NO_RULES,
    channels?: ReadonlySet<string>,
    signal?: AbortSignal,
  ) {
    this.measurements = measurements;
    this.device = device;
    this.rules = rules;
    this.channels = channels;
    this.looks = anyLooksBack(rules, channels);
    this.signal = signal;
  }

  /** The points of an hour. Hours are asked for in order of time; one that is left out has no points. */
  async of(items: HourItems): Promise<readonly SeriesColumn[]> {
    const merged = mergeHourItems(this.device, items, this.channels);
    if (merged.isJudged) {
      this.tracks = undefined;
      return merged.columns;
    }
    this.tracks ??= this.looks ? await this.before(items.hour) : NO_TRACKS;
    const { columns, after } = judgeHour(merged.columns, this.rules, this.tracks);
    this.tracks = after;
    return columns;
  }

  private async before(hour: Micros): Promise<Tracks> {
    const { measurements, device, signal } = this;
    const context = await contextBefore(measurements, device, hour, signal);
    let tracks = context?.tracks ?? NO_TRACKS;
    const from = Math.max(hour - LOOK_BACK, (context?.hour ?? hour - LOOK_BACK - 1) + MICROS_PER_HOUR);
    for await (const found of readItemsByHour(measurements, device, from, hour, signal)) {
      const items = isWhole(found) ? found : await readHourItems(measurements, device, found.hour, signal);
      tracks = judgeHour(mergeHourItems(device, items, this.channels).columns, this.rules, tracks).after;
    }
    return tracks;
  }
}
