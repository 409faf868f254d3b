/** What a run of compaction came to, for its answer and for metrics. */
import type { Micros } from '../../../contracts/time.ts';
import type { MetricCounts } from '../../runtime/metrics.ts';
import type { CompactedHour } from '../../store/measurements/index.ts';

export class Counts {
  hours = 0;
  chunks = 0;
  points = 0;
  bytesBefore = 0;
  bytesAfter = 0;
  /** Hours that another run was faster with. */
  raced = 0;
  /** Hours that got points while they were compacted. */
  reopened = 0;
  failed = 0;
  /** Days that were archived, that wait for one of their hours, and that another run was faster with. */
  days = 0;
  daysWaiting = 0;
  daysRaced = 0;
  daysFailed = 0;
  archivedBytes = 0;
  /** Days that should long have been archived and are kept in the table until they are. */
  daysKept = 0;
  /** Microseconds that the day which waits longest has been due. */
  archiveLag = 0;
  /** Hours for whose end there was no time. */
  unfinished = 0;
  /** Open hours whose chunks were merged. */
  openHours = 0;
  /** Microseconds that the hour which waited longest had been over. */
  lag = 0;

  waited(micros: Micros): void {
    this.lag = Math.max(this.lag, micros);
  }

  addHour({ columns, merged, bytesBefore, bytesAfter }: CompactedHour): void {
    this.hours += 1;
    this.chunks += merged;
    this.points += columns.reduce((sum, { time }) => sum + time.length, 0);
    this.bytesBefore += bytesBefore;
    this.bytesAfter += bytesAfter;
  }

  /** By metric name. */
  get metrics(): MetricCounts<'compaction'> {
    return {
      HoursCompacted: this.hours,
      ChunksMerged: this.chunks,
      PointsCompacted: this.points,
      BytesBefore: this.bytesBefore,
      BytesAfter: this.bytesAfter,
      HoursRaced: this.raced,
      HoursReopened: this.reopened,
      HoursFailed: this.failed,
      HoursUnfinished: this.unfinished,
      OpenHoursMerged: this.openHours,
      DaysArchived: this.days,
      DaysWaiting: this.daysWaiting,
      DaysRaced: this.daysRaced,
      DaysFailed: this.daysFailed,
      DaysKept: this.daysKept,
      BytesArchived: this.archivedBytes,
    };
  }
}
