/** From chunks to blocks, summaries and archived days. */
import type { Construct } from 'constructs';
import type { Period, Retention } from '../../contracts/deployment/retention.ts';
import type { RetentionClass, Settings } from '../settings.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';
import { callEvery } from './schedule.ts';

/** Retention classes as the function reads them. */
const retentionOf = ({ retention }: Settings): Retention => {
  const plain = ({ archiveDays, ...periods }: RetentionClass): Period => ({
    ...periods,
    archiveDays: archiveDays === 'forever' ? null : archiveDays,
  });
  const sites = Object.entries(retention.sites).map(([site, of]) => [site, plain(of)] as const);
  return { default: plain(retention.default), sites: Object.fromEntries(sites) };
};

/** `compaction`, called on a schedule. */
export class Compaction extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    const { afterMinutes, archiveAfterHours, everyMinutes, memoryMegabytes } = settings.compaction;
    super(scope, id, { service: 'compaction', settings, memoryMegabytes });
    this.usesTable(storage, 'registry', ['BatchGetItem']);
    this.usesTable(storage, 'measurements', [
      'BatchWriteItem',
      'DeleteItem',
      'PutItem',
      'Query',
      'UpdateItem',
    ]);
    this.usesArchive(storage, { days: ['GetObject', 'PutObject'], manifests: ['PutObject'] });
    this.listsArchive(storage);
    this.environment('COMPACT_AFTER_MINUTES', String(afterMinutes));
    this.environment('INGEST_WINDOW_SECONDS', String(settings.ingest.batchingWindowSeconds));
    this.environment('ARCHIVE_AFTER_HOURS', String(archiveAfterHours));
    this.environment('RETENTION', JSON.stringify(retentionOf(settings)));
    callEvery(this, storage, {
      minutes: everyMinutes,
      description: 'Compacts what has been closed meanwhile',
      // What one call does not do the next one does: its tasks wait.
      retries: 0,
    });
  }
}
