/**
 * The first administrator of a deployment: nobody can sign in yet, so that the user pool is asked with the AWS
 * credentials of whoever has deployed.
 */
import { IoTClient } from '@aws-sdk/client-iot';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod';
import { groupOf } from '../../../contracts/roles.ts';
import { reach } from './reach.ts';
import { ApiError } from './refusal.ts';
import { UsageError } from './target.ts';

const members = z.looseObject({
  Users: z.array(z.looseObject({ Username: z.string(), Enabled: z.boolean() })),
  NextToken: z.string().optional(),
});
const refusal = z.looseObject({
  __type: z.string().default('UnknownError'),
  message: z.string().default(''),
});

const TARGET = 'AWSCognitoIdentityProviderService';
/** Of an Admin of every site, which the deployment makes. */
const ADMINS = groupOf({ role: 'Admin' });

type Ask = (operation: string, input: object) => Promise<unknown>;

/** Calls of a user pool with the credentials that the AWS CLI and `cdk deploy` find, at the endpoint that they use. */
const openPool = (poolId: string): Ask => {
  const [region = ''] = poolId.split('_');
  const { AWS_ENDPOINT_URL: everything, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: own } = process.env;
  const url = new URL(own ?? everything ?? `https://cognito-idp.${region}.amazonaws.com/`);
  class Sha256 extends Hash {
    constructor(secret?: ConstructorParameters<typeof Hash>[1]) {
      super('sha256', secret);
    }
  }
  // Any client of the SDK looks for credentials in the same way; there is none of Cognito here for three calls.
  const { credentials } = new IoTClient({ region }).config;
  const signer = new SignatureV4({ service: 'cognito-idp', region, sha256: Sha256, credentials });
  return async (operation, input) => {
    const body = JSON.stringify({ UserPoolId: poolId, ...input });
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: '/',
      headers: {
        host: url.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${TARGET}.${operation}`,
      },
      body,
    });
    const { host: _host, ...sent } = headers;
    const response = await reach(url.href, { method: 'POST', headers: sent, body });
    const answer: unknown = JSON.parse(await response.text());
    if (response.ok) return answer;
    const { __type: type, message } = refusal.parse(answer);
    throw new ApiError(
      response.status,
      `Cognito refused ${operation}: ${type.replace(/^.*#/, '')}: ${message}`,
    );
  };
};

/**
 * Invites the first administrator of everything.
 * @param poolId output `UserPoolId` of the deployment
 * @throws {UsageError} when there is one who may sign in: they invite the others
 */
export const inviteFirstAdmin = async (poolId: string, username: string, email: string): Promise<void> => {
  const ask = openPool(poolId);
  for (let next: string | undefined = ''; next !== undefined; ) {
    const more: object = next === '' ? {} : { NextToken: next };
    const page = members.parse(await ask('ListUsersInGroup', { GroupName: ADMINS, Limit: 60, ...more }));
    const admin = page.Users.find(({ Enabled }) => Enabled);
    if (admin !== undefined)
      throw new UsageError(
        `there is an administrator already: ${admin.Username}; sign in, and add people without --first`,
      );
    next = page.NextToken;
  }
  await ask('AdminCreateUser', {
    Username: username,
    UserAttributes: [
      { Name: 'email', Value: email },
      { Name: 'email_verified', Value: 'true' },
    ],
    DesiredDeliveryMediums: ['EMAIL'],
  });
  await ask('AdminAddUserToGroup', { Username: username, GroupName: ADMINS });
};
