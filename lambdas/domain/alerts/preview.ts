/** A rule tried on past points: what it would have said of them, by the same rules that `ingest` holds against new ones. */
import type { AlertTransition } from '../../../contracts/messages/alert-work.ts';
import type { AlertPreview, AlertRule } from '../../../contracts/resources/alert-rules.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { formatTime, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { startTrack, type Track } from '../ingestion/quality.ts';
import { evaluateByTime } from './by-time.ts';
import { dueAt } from './calendar.ts';
import { evaluate, silenceOf } from './evaluate.ts';
import { ChannelPieces, Piece } from './piece.ts';
import { AT_REST, type RuleStates } from './rule-state.ts';
import { raised, returned } from './transitions.ts';
import { type Watch, type WatchedRule, watchedRules, watchOf } from './watch.ts';

const SHOWN = 1000;

/** Goes through past points of a device, in order of time. */
export class Preview {
  private readonly watch: Watch;
  private readonly one: WatchedRule | undefined;
  private readonly tracks = new Map<string, Track>();
  private readonly told: AlertTransition[] = [];
  private states: RuleStates = AT_REST;
  private heard: Micros | undefined;
  private points = 0;

  /** @param device which the rule is tried on, whether it names it or not */
  constructor(rule: AlertRule, type: Pick<InstrumentType, 'channels'>, device: string) {
    const { site: _site, devices: _devices, suppression: _suppression, ...tried } = rule;
    const rules = watchedRules([{ ...tried, enabled: true }], type);
    this.watch = watchOf(rule.type, rules, { site: 'preview', device });
    [this.one] = rules;
  }

  /** Channels whose points are needed; `undefined`: all. */
  get channels(): ReadonlySet<string> | undefined {
    return this.watch.channels === 'all' ? undefined : this.watch.channels;
  }

  /** Takes points that come after all before: a column a channel. */
  take(columns: readonly SeriesColumn[]): void {
    const silence = this.one && silenceOf(this.one);
    if (silence === undefined) this.judge(columns);
    else this.listen(columns, silence);
  }

  private judge(columns: readonly SeriesColumn[]): void {
    const pieces = new Map<string, ChannelPieces>();
    for (const { channel, time, value, quality } of columns) {
      pieces.set(channel, new ChannelPieces([new Piece(0, time[0] ?? 0, time, value, quality)]));
      if (channel === this.one?.rule.channel) this.points += time.length;
    }
    const batch = { tracks: this.tracks, states: this.states, pieces, arrived: 0 };
    const { states, transitions } = evaluate(this.watch, batch);
    this.states = states;
    this.told.push(...transitions);
    for (const { channel, time, value, quality } of columns) {
      const at = time.length - 1;
      const track = startTrack(time[at] ?? 0, value[at] ?? 0, time[at] ?? 0);
      track.quality = quality?.[at] ?? track.quality;
      this.tracks.set(channel, track);
    }
  }

  private listen(columns: readonly SeriesColumn[], silence: Micros): void {
    const times = [...new Set(columns.flatMap(({ time }) => time))].sort((one, other) => one - other);
    this.points += times.length;
    for (const time of times) {
      this.pass(silence, time);
      this.heard = time;
    }
  }

  /** @param heardAgain when something is heard again, or the end */
  private pass(silence: Micros, heardAgain: Micros, isEnd = false): void {
    const { one, heard } = this;
    if (one === undefined || heard === undefined || heardAgain - heard < silence) return;
    const due = dueAt(one.calendar, heard, silence);
    if (due > heardAgain) return;
    this.told.push(raised(this.watch, one, due));
    if (!isEnd) this.told.push(returned(this.watch, one.rule, due, heardAgain, 'heard-again'));
  }

  /** What the rule would have said by the end. */
  finish(from: Micros, to: Micros): AlertPreview {
    const silence = this.one && silenceOf(this.one);
    if (silence !== undefined) this.pass(silence, to, true);
    else {
      const known = { tracks: this.tracks, states: this.states, registered: to, countsFrom: from };
      this.told.push(...evaluateByTime(this.watch, known, to));
    }
    const ends = new Map<string, Micros>();
    for (const each of this.told) if (each.kind === 'returned') ends.set(each.id, each.at);
    const begun = this.told.filter(({ kind }) => kind === 'raised');
    return {
      from: formatTime(from),
      to: formatTime(to),
      points: this.points,
      count: begun.length,
      alerts: begun.slice(0, SHOWN).map(({ id, at, reading }) => {
        const end = ends.get(id);
        return {
          raisedAt: formatTime(at),
          returnedAt: end === undefined ? null : formatTime(end),
          ...(reading === undefined ? {} : { value: reading.value }),
        };
      }),
    };
  }
}
