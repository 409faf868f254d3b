/** Which hours of which devices this environment has marked for compaction. */
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';

const MAX_HOURS = 50_000;

/**
 * A mark stays until compaction has come, and that comes only well after the hour is over: one for each hour is
 * enough as long as it runs. Afterwards nobody knows, and each batch marks anew.
 */
export class MarkMemory {
  private readonly marked = new Map<string, Micros>();

  private static name(device: string, hour: Micros): string {
    return `${hour}#${device}`;
  }

  /** @param now microseconds */
  isMarked(device: string, hour: Micros, now: Micros): boolean {
    return hour + MICROS_PER_HOUR > now && this.marked.has(MarkMemory.name(device, hour));
  }

  keep(device: string, hour: Micros): void {
    this.marked.set(MarkMemory.name(device, hour), hour);
    if (this.marked.size <= MAX_HOURS) return;
    const oldest = this.marked.keys().next().value;
    if (oldest !== undefined) this.marked.delete(oldest);
  }
}
