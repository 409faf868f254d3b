/** Completeness, quarantine and exports over HTTP. */
import type { Construct } from 'constructs';
import { ExportLinks } from './export-links.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface RecordsApiProps extends CapabilityProps {
  /** Exports that are to be made. */
  readonly exports: FunctionQueue;
}

/** `records-api`, which replays what was quarantined, orders exports, and gives links to their files away. */
export class RecordsApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, exports }: RecordsApiProps) {
    super(scope, id, { service: 'records-api', settings, files: ['contracts/openapi.json'] });
    this.usesTable(storage, 'registry', ['BatchGetItem', 'GetItem', 'PutItem', 'Query']);
    this.writesAudit(storage, ['UpdateItem']);
    this.usesTable(storage, 'measurements', ['Query']);
    this.usesArchive(storage, { days: ['GetObject'], quarantine: ['GetObject'] });
    this.listsArchive(storage);
    this.usesStream(storage, ['PutRecord']);
    this.sendsTo(exports, 'EXPORTS_QUEUE_URL');
    new ExportLinks(this, 'ExportLinks', { storage, signer: this });
  }
}
