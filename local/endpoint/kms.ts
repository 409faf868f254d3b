/**
 * Nothing is encrypted here, but what AWS would ask of KMS in the caller's name is asked of IAM, so that a
 * missing grant on a customer key fails here too. Keys that AWS owns or manages need no grant of the caller.
 */
import type { AccessRequest, Assembly } from '../types.ts';
import { AwsError } from '../types.ts';
import { text } from './json.ts';

export type KeyAction = 'Decrypt' | 'GenerateDataKey';

/**
 * ARN of the customer key that a property of a template names.
 * @param reference key id, key ARN, `alias/x` or the alias's ARN
 * @returns `undefined` for the keys of AWS (`alias/aws/...`) and when there is none
 * @throws {AwsError} `KMS.NotFoundException` when the key is not in the assembly
 */
export function customerKey(assembly: Assembly, reference: unknown): string | undefined {
  const name = text(reference);
  if (name === undefined || /(^|:)alias\/aws\//.test(name)) return undefined;
  const key = assembly.byType('AWS::KMS::Key').find((k) => k.arn === name || k.physicalId === name);
  if (key) return key.arn ?? `arn:aws:kms:${assembly.region}:${assembly.account}:key/${key.physicalId}`;
  const alias = assembly
    .byType('AWS::KMS::Alias')
    .find(
      (a) => name === a.properties['AliasName'] || name.endsWith(`:${String(a.properties['AliasName'])}`),
    );
  const target = text(alias?.properties['TargetKeyId']);
  if (target !== undefined && target !== name) return customerKey(assembly, target);
  throw new AwsError('KMS.NotFoundException', `no AWS::KMS::Key of the assembly is ${name}`);
}

/**
 * What a service asks of KMS in the caller's name (forward access session).
 * @param service host part of the service, for `kms:ViaService`, e.g. `kinesis`
 */
export function keyUse(
  assembly: Assembly,
  keyArn: string | undefined,
  service: string,
  actions: readonly KeyAction[],
): AccessRequest[] {
  if (keyArn === undefined) return [];
  const context = {
    'kms:viaservice': `${service}.${assembly.region}.amazonaws.com`,
    'kms:calleraccount': assembly.account,
  };
  return actions.map((action) => ({ action: `kms:${action}`, resource: keyArn, context }));
}
