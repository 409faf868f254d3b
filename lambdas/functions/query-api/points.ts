/** Points of a series, read hour by hour. */
import type { Source } from '../../../series/buckets/plan.ts';
import { type PointBatch, pointBatches } from '../../../series/points/point-batches.ts';
import type { Series } from './series-query.ts';

/** Points of one device by time and channel; at most an hour of it is held at a time. */
export async function* readPoints(
  source: Source,
  series: Series,
  device: number,
): AsyncGenerator<PointBatch> {
  const after = series.after?.device === device ? series.after : undefined;
  const { only, conversions } = series;
  for await (const { columns } of source.hours(after?.time ?? series.from, series.to))
    yield* pointBatches(columns, device, { only, conversions, after });
}
