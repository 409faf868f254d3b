import { afterEach, beforeEach, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { createIam, type Iam } from '../../../local/iam/index.ts';
import type { Credentials, Endpoint, JsonObject } from '../../../local/types.ts';
import { ACCOUNT, assembly, resource, silent } from '../../support/endpoint.ts';
import { fetchSigned } from '../../support/signing.ts';

const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

const role = (name: string, principal: JsonObject, ...may: readonly [action: string, on: string][]) =>
  resource(
    'AWS::IAM::Role',
    name,
    {
      AssumeRolePolicyDocument: {
        Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal },
      },
      Policies: [
        {
          PolicyName: 'own',
          PolicyDocument: {
            Statement: may.map(([Action, Resource]) => ({ Effect: 'Allow', Action, Resource })),
          },
        },
      ],
    },
    roleArn(name),
  );

const declared = assembly([
  resource('AWS::S3::Bucket', 'archive', {}, 'arn:aws:s3:::archive'),
  role('function', { Service: 'lambda.amazonaws.com' }, ['sts:AssumeRole', roleArn('*')]),
  role('reader', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, ['s3:GetObject', 'arn:aws:s3:::archive/exports/*']),
  role('closed', { Service: 'lambda.amazonaws.com' }),
]);

let iam: Iam;
let endpoint: Endpoint;
beforeEach(async () => {
  iam = createIam(declared);
  endpoint = await startEndpoint({ assembly: declared, iam, log: silent, host: '127.0.0.1', port: 0 });
});
afterEach(() => endpoint.close());

const ask = async (credentials: Credentials, form: Record<string, string>) => {
  const body = new URLSearchParams({ Version: '2011-06-15', ...form }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetchSigned(
    { method: 'POST', url: endpoint.url, headers, body },
    { credentials, service: 'sts' },
  );
  const text = await response.text();
  const told = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  return { status: response.status, text, told };
};
const assume = (more: Record<string, string> = {}, credentials = iam.credentialsFor(roleArn('function'))) =>
  ask(credentials, { Action: 'AssumeRole', RoleArn: roleArn('reader'), RoleSessionName: 'links', ...more });

it('says who calls', async () => {
  const { told } = await ask(iam.operator, { Action: 'GetCallerIdentity' });
  expect([told('Account'), told('Arn')]).toEqual([ACCOUNT, `arn:aws:iam::${ACCOUNT}:user/operator`]);
  const role = await ask(iam.credentialsFor(roleArn('closed')), { Action: 'GetCallerIdentity' });
  expect(role.told('Arn')).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/closed/local`);
  expect(role.told('UserId')).toMatch(/^AROA[A-Z0-9]{17}:local$/);
});

it('gives a role to whom it trusts, for a while', async () => {
  const { told } = await assume({ DurationSeconds: '900' });
  const minutes = (Date.parse(told('Expiration')) - Date.now()) / 60_000;
  expect(minutes).toBeGreaterThan(14);
  expect(minutes).toBeLessThanOrEqual(15);
  const taken = {
    accessKeyId: told('AccessKeyId'),
    secretAccessKey: told('SecretAccessKey'),
    sessionToken: told('SessionToken'),
  };
  const caller = await ask(taken, { Action: 'GetCallerIdentity' });
  expect(caller.told('Arn')).toBe(told('Arn'));
  expect(told('Arn')).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/reader/links`);
  const get = async (key: string): Promise<string> => {
    const request = { url: `${endpoint.url}/archive/${key}` };
    return (await fetchSigned(request, { credentials: taken, service: 's3' })).text();
  };
  expect(await get('exports/x')).toContain('s3:ListBucket');
  expect(await get('quarantine/x')).toContain('s3:GetObject');
  expect((await assume({}, taken)).told('Code')).toBe('AccessDenied');
});

it.each([
  ['a role that does not trust its account', { RoleArn: roleArn('closed') }, 'AccessDenied'],
  ['a role that is not there', { RoleArn: roleArn('nobody') }, 'AccessDenied'],
  ['less than a quarter of an hour', { DurationSeconds: '899' }, 'ValidationError'],
  ['more than an hour', { DurationSeconds: '3601' }, 'ValidationError'],
  ['a session without a name', { RoleSessionName: '' }, 'ValidationError'],
  ['a session with a smaller policy, which would be larger here', { Policy: '{}' }, 'ValidationError'],
  ['another action', { Action: 'GetSessionToken' }, 'InvalidAction'],
])('refuses %s', async (_, more, code) => {
  const { status, told } = await assume(more);
  expect([status >= 400 && status < 500, told('Code')]).toEqual([true, code]);
});
