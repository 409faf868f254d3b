/** Questions to the logs that the runbook tells to ask, saved where the console of CloudWatch offers them. */
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';

export interface SavedQueriesProps {
  readonly settings: Settings;
  /** Logs of the functions. */
  readonly functions: readonly logs.ILogGroup[];
  /** Access logs of the API. */
  readonly requests: logs.ILogGroup;
}

/** The name of each query, and the lines of it. */
const OF_FUNCTIONS = {
  errors: [
    'fields @timestamp, service, message, error.name, error.message',
    'filter level = "ERROR" or level = "CRITICAL" or @message like /Task timed out|Runtime exited/',
    'sort @timestamp desc',
    'limit 200',
  ],
  'errors-by-kind': [
    'filter level = "ERROR" or level = "CRITICAL"',
    'stats count(*) as times by service, message, error.name',
    'sort times desc',
  ],
  'slowest-calls': [
    'filter type = "platform.report"',
    'fields @timestamp, record.requestId, record.metrics.durationMs, record.metrics.maxMemoryUsedMB',
    'sort record.metrics.durationMs desc',
    'limit 50',
  ],
} as const;

const OF_REQUESTS = {
  'failed-requests': [
    'fields @timestamp, requestId, method, route, status, subject, millis',
    'filter status >= 500',
    'sort @timestamp desc',
    'limit 200',
  ],
  'requests-by-route': [
    'stats count(*) as requests, pct(millis, 50) as p50, pct(millis, 95) as p95, pct(millis, 99) as p99, sum(status >= 500) as faults by method, route',
    'sort p99 desc',
  ],
} as const;

/** The queries, in a folder of the stage. */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, { settings, functions, requests }: SavedQueriesProps) {
    super(scope, id);
    const save = (name: string, lines: readonly string[], logGroups: readonly logs.ILogGroup[]): void => {
      new logs.CfnQueryDefinition(this, name, {
        name: `labgate/${settings.stage}/${name}`,
        queryString: lines.join('\n| '),
        logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
      });
    };
    for (const [name, lines] of Object.entries(OF_FUNCTIONS)) save(name, lines, functions);
    for (const [name, lines] of Object.entries(OF_REQUESTS)) save(name, lines, [requests]);
  }
}
