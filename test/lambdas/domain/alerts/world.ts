/** A device and its rules, as `ingest` holds them against its points: batch after batch, through the run of messages. */
import type { AlertTransition } from '../../../../contracts/messages/alert-work.ts';
import {
  type AlertRule,
  type AlertRuleInput,
  alertRule,
  alertRuleInput,
} from '../../../../contracts/resources/alert-rules.ts';
import { instrumentType } from '../../../../contracts/resources/instrument-types.ts';
import { evaluateByTime } from '../../../../lambdas/domain/alerts/by-time.ts';
import { watchedRules, watchOf } from '../../../../lambdas/domain/alerts/watch.ts';
import type { Arrival } from '../../../../lambdas/domain/ingestion/arrival.ts';
import { type DeviceState, NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import { takeRuns } from '../../../../lambdas/domain/ingestion/run.ts';
import { fromStateItem, toStateItem } from '../../../../lambdas/store/measurements/state-item.ts';

export const TYPE = instrumentType.parse({
  id: 'oven',
  name: 'Oven',
  version: 1,
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  channels: {
    temp: { unit: 'Cel', limits: { min: -50, max: 500 }, interval: 10 },
    loose: { unit: 'Cel' },
    target: { unit: 'Cel', kind: 'step' },
    door: { unit: '1', type: 'boolean', kind: 'step' },
  },
});

/** 2026-03-01T10:00:00Z */
export const START = Date.parse('2026-03-01T10:00:00Z') * 1000;
export const seconds = (count: number): number => START + count * 1e6;
export const since = (micros: number): number => (micros - START) / 1e6;

type Said = Omit<AlertRuleInput, 'id' | 'type' | 'name' | 'condition'> & { readonly id: string };

/** A rule with what is not said as it usually is. */
export const ruleOf = (
  condition: Partial<AlertRuleInput['condition']> & { readonly kind: string },
  more: Partial<Said> = {},
): AlertRule =>
  alertRule.parse({
    ...alertRuleInput.parse({ id: 'r', type: TYPE.id, name: 'R', channel: 'temp', condition, ...more }),
    version: 1,
    createdAt: '2026-01-01T00:00:00Z',
    createdBy: 'test',
    updatedAt: '2026-01-01T00:00:00Z',
    updatedBy: 'test',
  });

/** A point: seconds after the start, value, and channel if it is not `temp`. */
export type Point = readonly [
  at: number,
  value: number | boolean,
  channel?: string | undefined,
  quality?: string | undefined,
];

let sequence = 1000;

/** A message of some points, which arrives with its newest, or so many seconds after the start. */
export const message = (points: readonly Point[], arrives?: number): Arrival => {
  sequence += 1;
  const data = points.map(([at, v, n = 'temp', q]) => ({ n, t: seconds(at) / 1000, v, ...(q && { q }) }));
  const newest = Math.max(...points.map(([at]) => at));
  return {
    sequence: String(sequence),
    arrived: seconds(arrives ?? newest),
    bytes: Buffer.from(JSON.stringify({ v: 1, data })),
  };
};

export class Oven {
  state: DeviceState = NEW_STATE;
  rules: readonly AlertRule[];
  readonly told: AlertTransition[] = [];

  constructor(...rules: readonly AlertRule[]) {
    this.rules = rules;
  }

  private get watch() {
    return watchOf(TYPE.id, watchedRules(this.rules, TYPE), { site: 'berlin', device: 'oven-1' });
  }

  /** Takes a batch; what is remembered goes through its item each time. */
  take(...arrivals: readonly Arrival[]): this {
    const results = takeRuns(this.state, TYPE, 's.0', arrivals, undefined, this.watch);
    for (const { transitions, alertDefect } of results) {
      if (alertDefect !== undefined) throw alertDefect;
      this.told.push(...transitions);
    }
    this.state = fromStateItem(toStateItem('oven-1', results.at(-1)?.state ?? this.state));
    return this;
  }

  /** One message a point. */
  points(...points: readonly Point[]): this {
    for (const point of points) this.take(message([point]));
    return this;
  }

  /** Looks at the clock. */
  look(at: number, countsFrom = 0): this {
    const { tracks, alerts } = this.state;
    const known = { tracks, states: alerts, registered: seconds(0), countsFrom: seconds(countsFrom) };
    this.told.push(...evaluateByTime(this.watch, known, seconds(at)));
    return this;
  }

  /** What was told, each once: `+` or `-`, and seconds after the start. */
  get story(): readonly string[] {
    const known = new Set<string>();
    const lines: string[] = [];
    for (const { kind, id, at } of this.told) {
      if (known.has(`${kind} ${id}`)) continue;
      known.add(`${kind} ${id}`);
      lines.push(`${kind === 'raised' ? '+' : '-'}${since(at)}`);
    }
    return lines;
  }
}
