/** What the function of alerts works with. */
import type { Alert, AlertEntry } from '../../../contracts/resources/alerts.ts';
import type { SendAlertWork } from '../../runtime/alert-queue.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { MetricCounts } from '../../runtime/metrics.ts';
import type { Measurements } from '../../store/measurements/index.ts';
import type { Registry } from '../../store/registry/keys.ts';

/**
 * Tells of what happened to an alert. This is where notification joins: every entry of the history comes through here,
 * in order, once; once more where somebody died after it, so that who passes it on takes `{id}#{version}` for its name.
 * People are to be told of those that say `told`.
 */
export type Announce = (alert: Alert, entry: AlertEntry) => Promise<void>;

export interface Dependencies {
  readonly registry: Registry;
  readonly measurements: Measurements;
  readonly send: SendAlertWork;
  readonly announce: Announce;
  readonly count: (counts: MetricCounts<'alerts'>) => void;
  readonly logger: Logger;
  readonly now: () => Date;
}
