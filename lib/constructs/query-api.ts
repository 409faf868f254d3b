/** Series, latest values and health over HTTP. */
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

/** `query-api`, which reads, and writes of the audit alone: who was denied. */
export class QueryApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    super(scope, id, {
      service: 'query-api',
      settings,
      reservedConcurrency: settings.concurrency.query,
    });
    this.usesTable(storage, 'registry', ['BatchGetItem', 'DescribeTable']);
    this.usesIndex(storage, LISTING_INDEX);
    this.writesAudit(storage, ['GetItem', 'PutItem', 'UpdateItem']);
    this.usesTable(storage, 'measurements', ['BatchGetItem', 'Query', 'DescribeTable']);
    this.usesArchive(storage, { days: ['GetObject'] });
    this.listsArchive(storage);
    this.usesStream(storage, ['DescribeStreamSummary']);
  }
}
