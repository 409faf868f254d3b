/** What a batch came to, for metrics. */
import { type Ledger, sumCounts } from '../../domain/ledger/ledger.ts';
import type { MetricCounts } from '../../runtime/metrics.ts';

export class BatchCounts {
  messages = 0;
  received = 0;
  stored = 0;
  duplicate = 0;
  overwritten = 0;
  quarantined = 0;
  quarantinedMessages = 0;
  /** Records that are reported as failed or come again because an earlier one is. */
  retried = 0;
  /** Tries of calls beyond the first. */
  callRetries = 0;
  untold = 0;
  /** Devices whose state cannot be read. */
  statesDamaged = 0;
  /** Facts that DynamoDB refuses. */
  factsRefused = 0;
  /** Alerts that came or went. */
  alerts = 0;
  /** Devices of which alert rules could not be held against points. */
  alertsFailed = 0;

  add(ledger: Ledger, quarantinedMessages: number): void {
    this.messages += ledger.messages;
    this.received += ledger.received;
    this.stored += ledger.stored;
    this.duplicate += ledger.duplicate;
    this.overwritten += ledger.overwritten;
    this.quarantined += sumCounts(ledger.quarantined);
    this.quarantinedMessages += quarantinedMessages;
  }

  /** By metric name. */
  get metrics(): MetricCounts<'ingest'> {
    return {
      MessagesReceived: this.messages,
      PointsReceived: this.received,
      PointsStored: this.stored,
      PointsDuplicate: this.duplicate,
      PointsOverwritten: this.overwritten,
      PointsQuarantined: this.quarantined,
      MessagesQuarantined: this.quarantinedMessages,
      MessagesRetried: this.retried,
      CallRetries: this.callRetries,
      DevicesUntold: this.untold,
      StatesDamaged: this.statesDamaged,
      FactsRefused: this.factsRefused,
      AlertTransitions: this.alerts,
      AlertsFailed: this.alertsFailed,
    };
  }
}
