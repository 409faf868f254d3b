/** Columns as rows: by time, then by channel. */
import type { Value } from '../../contracts/messages/message.ts';
import type { Quality } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from './column.ts';

export interface Row {
  readonly time: Micros;
  readonly channel: string;
  readonly unit: string;
  readonly value: Value;
  readonly quality: Quality;
}

/**
 * Gives the points of sorted columns by time and channel name.
 * @param columns one a channel, sorted by channel name, times ascending
 */
export function* rowsOf(columns: readonly SeriesColumn[]): Generator<Row> {
  const places = columns.map(() => 0);
  for (;;) {
    let next = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [index, column] of columns.entries()) {
      const time = column.time[places[index] ?? 0];
      // Strictly less: of equal times the first channel comes first.
      if (time !== undefined && time < earliest) {
        earliest = time;
        next = index;
      }
    }
    const column = columns[next];
    if (column === undefined) return;
    const at = places[next] ?? 0;
    places[next] = at + 1;
    const value = column.value[at];
    if (value === undefined) continue;
    yield {
      time: earliest,
      channel: column.channel,
      unit: column.unit,
      value,
      quality: column.quality?.[at] ?? 0,
    };
  }
}
