/** Metrics in the embedded metric format: written as log lines, so that counting costs no call. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

export type { Metrics };

/** Metrics; namespace and service come from `POWERTOOLS_METRICS_NAMESPACE` and `POWERTOOLS_SERVICE_NAME`. */
export const createMetrics = (): Metrics => new Metrics({ defaultDimensions: {} });

/** Adds counts that are not zero; a count that is absent costs nothing to store. */
export const addCounts = (metrics: Metrics, counts: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(counts))
    if (count !== 0) metrics.addMetric(name, MetricUnit.Count, count);
};

export { MetricUnit };
