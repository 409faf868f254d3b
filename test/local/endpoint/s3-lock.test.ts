/** Object Lock as a template declares it. */
import { expect, it } from 'vitest';
import { openS3 } from '../../../local/endpoint/s3/index.ts';
import type { AwsService, JsonObject } from '../../../local/types.ts';
import { assembly, resource, SmallIam, silent } from '../../support/endpoint.ts';

const LOCK = {
  VersioningConfiguration: { Status: 'Enabled' },
  ObjectLockEnabled: true,
  ObjectLockConfiguration: {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
  },
} as const;
const open = (properties: JsonObject) =>
  openS3(
    assembly([resource('AWS::S3::Bucket', 'locked', properties)]),
    new SmallIam(),
    undefined,
    new Map(),
    silent,
  );
const ask = (service: AwsService, method: string, url: string, body = '', headers = {}) =>
  service.handle({ method, url, body: Buffer.from(body), headers, caller: 'x', session: 'x' });

it.each([
  ['ReplicationConfiguration', { ReplicationConfiguration: {} }],
  ['ObjectLockConfiguration needs ObjectLockEnabled', { ...LOCK, ObjectLockEnabled: false }],
  ['Object Lock needs versioning', { ...LOCK, VersioningConfiguration: {} }],
  ['DefaultRetention needs Mode and Days', { ...LOCK, ObjectLockConfiguration: { Rule: {} } }],
  [
    'DefaultRetention.Years is not run here',
    { ...LOCK, ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Years: 1 } } } },
  ],
])('what is not run here is an error: %s', async (message, properties) => {
  await expect(open(properties as JsonObject)).rejects.toThrow(message);
});

it('locks what is put, wants a checksum with it, and refuses to delete many as well as one', async () => {
  const { service, close } = await open(LOCK);
  const md5 = { 'content-md5': 'mZFLkyvTelC5g8XnyQrpOw==' };
  await expect(ask(service, 'PUT', '/locked/a', '{}')).rejects.toThrow('Content-MD5 OR x-amz-checksum-');
  await expect(
    ask(service, 'PUT', '/locked/a', '{}', { ...md5, 'x-amz-object-lock-mode': 'GOVERNANCE' }),
  ).rejects.toThrow('with x-amz-object-lock-mode');
  await ask(service, 'PUT', '/locked/a', '{}', md5);
  const { headers } = await ask(service, 'GET', '/locked/a');
  expect(headers).toMatchObject({
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  await expect(ask(service, 'PUT', '/locked/a', '{}', md5)).rejects.toThrow('protected by object lock');
  await expect(ask(service, 'DELETE', '/locked/a')).rejects.toThrow('protected by object lock');
  const many = '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>';
  const { body } = await ask(service, 'POST', '/locked?delete', many);
  expect(String(body)).toMatch(/<Error><Key>a<\/Key><Code>AccessDenied<.*<Deleted><Key>b</);
  await close();
});
