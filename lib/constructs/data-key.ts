/** The key that encrypts everything that holds measurements, so that one key policy guards them. */
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import { removalPolicy } from './removal.ts';

/** What a construct needs that holds data. */
export interface DataProps {
  readonly settings: Settings;
}

/** What a construct needs that holds encrypted data. */
export interface EncryptedDataProps extends DataProps {
  readonly key: kms.IKey;
}

/** A key of our own, changed each year by KMS. */
export class DataKey extends kms.Key {
  constructor(scope: Construct, id: string, { settings }: DataProps) {
    super(scope, id, {
      description: `labgate ${settings.stage}: measurements and registry at rest`,
      enableKeyRotation: true,
      removalPolicy: removalPolicy(settings),
    });
  }
}
