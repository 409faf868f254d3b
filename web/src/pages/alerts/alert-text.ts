/** What an alert says, and what may be done about it. */
import type { Alert, AlertCondition } from '../../api/gen/index.ts';
import type { May } from '../../api/me.tsx';
import { measureText, numberText, unitText } from '../../charts/numbers.ts';
import { spanText } from '../../shell/age.ts';
import { texts } from '../../texts.ts';

/** What people do about an alert, in the order of their buttons. */
export const ACTIONS = ['acknowledge', 'comment', 'assign', 'shelve', 'unshelve', 'reset'] as const;
export type AlertAction = (typeof ACTIONS)[number];

/** Whether nobody has said yet that it was seen. */
export const waits = ({ state }: Pick<Alert, 'state'>): boolean =>
  state === 'unacknowledged' || state === 'returned-unacknowledged';

/**
 * What somebody may do about an alert as it is now.
 * @param unwatched nothing is watched any more that could end it
 */
export const actionsFor = (
  alert: Pick<Alert, 'state' | 'site' | 'quiet'>,
  may: May,
  unwatched: boolean,
): readonly AlertAction[] => {
  const { state, site, quiet } = alert;
  const acts = may('alerts:act', site);
  const shelves = may('alerts:shelve', site);
  const open = state !== 'closed';
  const shelved = quiet?.kind === 'shelved';
  const allowed: Readonly<Record<AlertAction, boolean>> = {
    acknowledge: acts && waits(alert),
    comment: acts,
    assign: acts && open,
    shelve: shelves && open && !shelved,
    unshelve: shelves && shelved,
    reset: acts && (state === 'latched' || (open && unwatched)),
  };
  return ACTIONS.filter((each) => allowed[each]);
};

const measure = (value: number, unit: string): string => measureText(value, unit);

/** When a rule has something to say: `above 38 °C`. @param channelUnit unit of numbers that name none */
export const conditionText = (condition: AlertCondition, channelUnit: string): string => {
  const words = texts.alerts.condition;
  switch (condition.kind) {
    case 'threshold':
      return words.threshold[condition.direction](measure(condition.limit, condition.unit ?? channelUnit));
    case 'rate': {
      const limit = `${numberText(condition.limit)} ${unitText(condition.unit ?? channelUnit)}`.trim();
      return words.rate[condition.direction](limit, spanText(condition.window * 1000));
    }
    case 'deviation': {
      const unit = condition.unit ?? channelUnit;
      const from = 'channel' in condition.from ? condition.from.channel : measure(condition.from.value, unit);
      return words.deviation(measure(condition.limit, unit), from);
    }
    case 'no-data':
      return words.noData(spanText(condition.after * 1000));
    case 'bad-quality':
      return words.badQuality(numberText(condition.share * 100), condition.points);
  }
};

/** What is shown of the alerts of a site. */
export interface AlertFilter {
  readonly state?: string | null;
  readonly priority?: string | null;
  /** Part of the identifier or the name of a device, as it is being typed. */
  readonly device: string;
}

/** Whether an alert is one of those that were asked for. @param nameOf name of a device */
export const matches = (
  { state, rule, device }: Pick<Alert, 'state' | 'rule' | 'device'>,
  filter: AlertFilter,
  nameOf: (device: string) => string | undefined,
): boolean => {
  const typed = filter.device.trim().toLowerCase();
  return (
    (!filter.state || state === filter.state) &&
    (!filter.priority || rule.priority === filter.priority) &&
    (typed === '' || `${device}\n${nameOf(device) ?? ''}`.toLowerCase().includes(typed))
  );
};
