/** Newest values over HTTP, for monitoring systems. */
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

/** `metrics-api`, which reads no points: only what is remembered of each device. Apart from queries, which may wait long. */
export class MetricsApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    super(scope, id, { service: 'metrics-api', settings });
    this.usesTable(storage, 'registry', ['BatchGetItem', 'DescribeTable']);
    this.usesIndex(storage, LISTING_INDEX);
    this.writesAudit(storage, ['GetItem', 'PutItem', 'UpdateItem']);
    this.usesTable(storage, 'measurements', ['BatchGetItem', 'DescribeTable']);
  }
}
