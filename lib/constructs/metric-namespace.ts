/** Where a deployment's metrics are kept. */
import type { Settings } from '../settings.ts';

/** CloudWatch's namespace for the metrics of a stage: two stages in one account do not raise each other's alarms. */
export const metricNamespace = ({ stage }: Settings): string => `labgate/${stage}`;
