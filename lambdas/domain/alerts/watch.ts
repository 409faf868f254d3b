/** Rules of an instrument type, made ready to be held against points. */
import type { AlertRule } from '../../../contracts/resources/alert-rules.ts';
import type { Channel, InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../contracts/time.ts';
import { Calendar } from './calendar.ts';

/** A rule of a device. */
export interface WatchedRule {
  readonly rule: AlertRule;
  readonly channel: Channel | undefined;
  readonly calendar: Calendar | undefined;
  readonly onDelay: Micros;
  readonly offDelay: Micros;
  /**
   * Whether a value is true until the next one comes: of a channel that tells changes. Otherwise nothing is known
   * between points that lie further apart than usual.
   */
  readonly holds: boolean;
  /** How far points may lie apart while the condition counts as held; `undefined`: as far as they usually do. */
  readonly gap: Micros | undefined;
  readonly devices: ReadonlySet<string> | undefined;
}

/** What is watched of one device. */
export interface Watch {
  readonly type: string;
  readonly site: string;
  readonly device: string;
  readonly rules: readonly WatchedRule[];
  /** Whether these are all: alerts of any other end. */
  readonly isWhole: boolean;
  /** Channels of which points are needed. */
  readonly channels: ReadonlySet<string> | 'all';
}

/** A gap is what is longer than so many intervals of a channel. */
const GAP_INTERVALS = 3;

const watched = (rule: AlertRule, { channels }: Pick<InstrumentType, 'channels'>): WatchedRule[] => {
  const channel = rule.channel === undefined ? undefined : channels[rule.channel];
  // A rule of a channel that is not there has nothing to say; the type may have been written anew by hand.
  if (!rule.enabled || (rule.channel !== undefined && channel === undefined)) return [];
  const interval = channel?.interval;
  return [
    {
      rule,
      channel,
      calendar: rule.calendar === undefined ? undefined : new Calendar(rule.calendar),
      onDelay: rule.onDelay * MICROS_PER_SECOND,
      offDelay: rule.offDelay * MICROS_PER_SECOND,
      holds: channel?.kind === 'step' && interval === undefined,
      gap: interval === undefined ? undefined : GAP_INTERVALS * interval * MICROS_PER_SECOND,
      devices: rule.devices === undefined ? undefined : new Set(rule.devices),
    },
  ];
};

/** Rules that are enabled, in order, made ready once. */
export const watchedRules = (
  rules: readonly AlertRule[],
  type: Pick<InstrumentType, 'channels'>,
): readonly WatchedRule[] => rules.flatMap((rule) => watched(rule, type));

/** Whether a rule is of a device. */
export const covers = ({ rule, devices }: WatchedRule, site: string, device: string): boolean =>
  (rule.site === undefined || rule.site === site) && (devices === undefined || devices.has(device));

const channelsOf = (rules: readonly WatchedRule[]): ReadonlySet<string> | 'all' => {
  const names = new Set<string>();
  for (const { rule } of rules) {
    if (rule.channel === undefined) return 'all';
    names.add(rule.channel);
    if (rule.condition.kind === 'deviation' && 'channel' in rule.condition.from)
      names.add(rule.condition.from.channel);
  }
  return names;
};

/** What is watched of a device. @param rules of its type @param isWhole whether none of them is missing */
export const watchOf = (
  type: string,
  rules: readonly WatchedRule[],
  { site, device }: { readonly site: string; readonly device: string },
  isWhole = true,
): Watch => {
  const own = rules.length === 0 ? rules : rules.filter((one) => covers(one, site, device));
  return { type, site, device, rules: own, isWhole, channels: channelsOf(own) };
};
