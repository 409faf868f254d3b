/** Which hours of which devices this environment has queued for compaction. */
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';

const MAX_HOURS = 50_000;

/**
 * A task stays until compaction has come, and that comes only well after the hour is over: one for each hour is
 * enough as long as it runs. Afterwards nobody knows, and each batch tasks anew.
 */
export class QueuedHours {
  private readonly queued = new Map<string, Micros>();

  private static name(device: string, hour: Micros): string {
    return `${hour}#${device}`;
  }

  /** @param now microseconds */
  isQueued(device: string, hour: Micros, now: Micros): boolean {
    return hour + MICROS_PER_HOUR > now && this.queued.has(QueuedHours.name(device, hour));
  }

  keep(device: string, hour: Micros): void {
    this.queued.set(QueuedHours.name(device, hour), hour);
    if (this.queued.size <= MAX_HOURS) return;
    const oldest = this.queued.keys().next().value;
    if (oldest !== undefined) this.queued.delete(oldest);
  }
}
