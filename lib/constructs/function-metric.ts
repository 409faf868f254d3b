/** Metrics that functions write, for alarms and dashboards. */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import {
  type MeteredService,
  type MetricName,
  metricNamespace,
  SERVICE_DIMENSION,
} from '../../contracts/deployment/metrics.ts';
import type { Settings } from '../settings.ts';

/**
 * A metric of a function in this stage.
 * @param service the function that writes it
 * @param options statistic and period
 */
export const functionMetric = <S extends MeteredService>(
  { stage }: Settings,
  service: S,
  metricName: MetricName<S>,
  options: cloudwatch.MetricOptions,
): cloudwatch.Metric =>
  new cloudwatch.Metric({
    ...options,
    namespace: metricNamespace(stage),
    metricName,
    dimensionsMap: { [SERVICE_DIMENSION]: service },
  });
