/** The archive as a table of the Glue catalog, so that Athena reads it with SQL. */
import { Stack } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ARCHIVE_PREFIXES } from '../../contracts/deployment/archive-prefixes.ts';
import type { Settings } from '../settings.ts';

export interface ArchiveCatalogProps {
  readonly settings: Settings;
  readonly archive: s3.IBucket;
}

/** Columns of the files, see `series/formats/parquet-archive.ts`. */
const COLUMNS = [
  ['time', 'timestamp', 'When it was measured, UTC'],
  ['channel', 'string', 'Name of the channel'],
  ['type', 'string', 'number, integer, boolean or string'],
  ['value', 'double', 'Truth values as 0 and 1; null for text'],
  ['value_text', 'string', 'Text; null for all else'],
  ['unit', 'string', 'UCUM code'],
  ['quality', 'string', 'good, uncertain/jump, ...'],
  ['quality_code', 'bigint', 'OPC UA status code'],
] as const;

/**
 * Partitions are projected: none has to be added, and no crawler runs. A query names its site (`site = 'berlin'`),
 * and narrows `date` to read less. The name of the device is in `"$path"`.
 */
export class ArchiveCatalog extends Construct {
  constructor(scope: Construct, id: string, { settings, archive }: ArchiveCatalogProps) {
    super(scope, id);
    const { account: catalogId } = Stack.of(this);
    const name = `labgate_${settings.stage.replaceAll('-', '_')}`;
    const database = new glue.CfnDatabase(this, 'Database', {
      catalogId,
      databaseInput: { name, description: `labgate ${settings.stage}: archived measurements` },
    });
    const location = `s3://${archive.bucketName}/${ARCHIVE_PREFIXES.days}`;
    new glue.CfnTable(this, 'Measurements', {
      catalogId,
      databaseName: database.ref,
      tableInput: {
        name: 'measurements',
        description: 'One row a point',
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: [
          { name: 'site', type: 'string' },
          { name: 'date', type: 'string', comment: 'Day of the measurement, UTC' },
        ],
        parameters: {
          EXTERNAL: 'TRUE',
          classification: 'parquet',
          'projection.enabled': 'true',
          'projection.site.type': 'injected',
          'projection.date.type': 'date',
          'projection.date.format': 'yyyy-MM-dd',
          'projection.date.range': '2020-01-01,NOW+1DAYS',
          'projection.date.interval': '1',
          'projection.date.interval.unit': 'DAYS',
          'storage.location.template': `${location}site=\${site}/date=\${date}/`,
        },
        storageDescriptor: {
          columns: COLUMNS.map(([column, type, comment]) => ({ name: column, type, comment })),
          location,
          inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
          serdeInfo: {
            serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
            parameters: { 'serialization.format': '1' },
          },
        },
      },
    });
  }
}
