/** Links to the files of exports: the role that signs them. */
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ARCHIVE_PREFIXES } from '../../contracts/deployment/archive-prefixes.ts';
import { keyUse } from './key-use.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { allowPattern } from './pattern-policy.ts';
import type { Storage } from './storage.ts';

export interface ExportLinksProps {
  readonly storage: Storage;
  /** The function that gives links away. */
  readonly signer: LambdaFunction;
}

/**
 * A link carries the access key and the session token that it was signed with, and lasts no longer than they do. So the
 * function takes a role for it that may read files of exports and nothing else.
 */
export class ExportLinks extends Construct {
  constructor(scope: Construct, id: string, { storage, signer }: ExportLinksProps) {
    super(scope, id);
    const role = new iam.Role(this, 'Role', {
      description: 'Signs links to the files of exports',
      // The account with a condition: to name the role alone would let it in without a grant of its own.
      assumedBy: new iam.AccountRootPrincipal().withConditions({
        ArnEquals: { 'aws:PrincipalArn': signer.role.roleArn },
      }),
    });
    allowPattern(
      this,
      'Files',
      role,
      'Each file of an export is an object of its own.',
      ['s3:GetObject'],
      [storage.archive.objects(ARCHIVE_PREFIXES.exports)],
    );
    role.addToPolicy(keyUse(this, storage.key, 's3', ['Decrypt']));
    signer.allow(['sts:AssumeRole'], [role.roleArn]);
    signer.environment('EXPORT_LINKS_ROLE', role.roleArn);
  }
}
