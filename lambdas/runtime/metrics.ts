/** Metrics in the embedded metric format: written as log lines, so that counting costs no call. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MeteredService, MetricName } from '../../contracts/deployment/metrics.ts';

type Unit = Parameters<Metrics['addMetric']>[1];

/** Metrics of one function, by the names of the contract. */
export interface ServiceMetrics<S extends MeteredService> {
  addMetric(name: MetricName<S>, unit: Unit, value: number): void;
  publishStoredMetrics(): void;
}

/** Counts by metric name. */
export type MetricCounts<S extends MeteredService> = Readonly<Partial<Record<MetricName<S>, number>>>;

/**
 * Metrics of a function; the namespace comes from `POWERTOOLS_METRICS_NAMESPACE`.
 * @param service its name, the dimension of each metric
 */
export const createMetrics = <S extends MeteredService>(service: S): ServiceMetrics<S> =>
  new Metrics({ serviceName: service, defaultDimensions: {} });

/** Adds counts that are not zero; a count that is absent costs nothing to store. */
export const addCounts = <S extends MeteredService>(
  metrics: ServiceMetrics<S>,
  counts: MetricCounts<S>,
): void => {
  for (const [name, count] of Object.entries(counts) as [MetricName<S>, number][])
    if (count !== 0) metrics.addMetric(name, MetricUnit.Count, count);
};

export { MetricUnit };
