/** The use of a key through a service: nobody calls KMS itself. */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** Services that hold what the key encrypts. */
export type KeyService = 'dynamodb' | 'kinesis' | 's3' | 'sqs';
export type KeyAction = 'Decrypt' | 'GenerateDataKey';

/** Lets a role have a service use the key for it. */
export const keyUse = (
  scope: Construct,
  key: kms.IKey,
  service: KeyService,
  actions: readonly KeyAction[],
): iam.PolicyStatement => {
  const { region, urlSuffix } = Stack.of(scope);
  return new iam.PolicyStatement({
    actions: actions.map((action) => `kms:${action}`),
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
  });
};
