/** The two tables: the registry, and the measurements. */
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import type { EncryptedDataProps } from './data-key.ts';
import { removalPolicy } from './removal.ts';

const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });

/**
 * A table on demand, encrypted, with point-in-time recovery. It is a Table, not a TableV2: that one cannot take a
 * key of our own without naming the region at synth.
 */
export class DataTable extends dynamodb.Table {
  constructor(scope: Construct, id: string, { settings, key }: EncryptedDataProps) {
    super(scope, id, {
      partitionKey: text('pk'),
      sortKey: text('sk'),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: settings.data.onDelete === 'retain',
      removalPolicy: removalPolicy(settings),
      timeToLiveAttribute: 'expiresAt',
    });
  }
}

/** The table of sites, types, devices and what people do with them, with an index that lists them by kind. */
export class RegistryTable extends DataTable {
  constructor(scope: Construct, id: string, props: EncryptedDataProps) {
    super(scope, id, props);
    this.addGlobalSecondaryIndex({
      indexName: LISTING_INDEX.name,
      partitionKey: text(LISTING_INDEX.partitionKey),
      sortKey: text(LISTING_INDEX.sortKey),
    });
  }
}
