/**
 * Custom authorizers: functions of the templates that say who connects and what he may do.
 *
 * Source: AWS IoT Core developer guide, "Custom authentication and authorization".
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { permissionsOf } from '../../lambda/permissions.ts';
import type { Assembly, Functions, Json, Log, Resource } from '../../types.ts';
import { compilePolicy, type Policy } from '../policy.ts';

/** Milliseconds that AWS IoT waits for an answer. */
export const ANSWER_TIME = 5000;
const MOST_DOCUMENTS = 10;
const MOST_CHARACTERS = 2048;
const seconds = z.int().min(300).max(86_400);

/** Strict: what is not known here stops the start by name. */
const properties = z.strictObject({
  AuthorizerFunctionArn: z.string(),
  AuthorizerName: z.string().optional(),
  SigningDisabled: z.literal(true, 'signing is not supported locally'),
  Status: z.enum(['ACTIVE', 'INACTIVE']).default('INACTIVE'),
  EnableCachingForHttp: z.literal(false, 'is not supported locally').optional(),
  Tags: z.unknown().optional(),
});

const answer = z.object({
  isAuthenticated: z.literal(true, 'is not true'),
  principalId: z.string().regex(/^[a-zA-Z0-9]{1,128}$/),
  policyDocuments: z.array(z.union([z.string(), z.record(z.string(), z.json())])).max(MOST_DOCUMENTS),
  disconnectAfterInSeconds: seconds,
  refreshAfterInSeconds: seconds,
});

/** What a connection brings. */
export interface Credential {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly isTls: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** With the question mark; empty when there is none. */
  readonly queryString: string;
}

/** What an authorizer says of it. */
export interface Authorized {
  readonly principalId: string;
  readonly policies: readonly Policy[];
  /** Milliseconds. */
  readonly disconnectAfter: number;
  readonly refreshAfter: number;
}

interface Authorizer {
  readonly arn: string;
  readonly functionArn: string;
  readonly isActive: boolean;
}

/** Why somebody is not let in; for the log and the list of denials, not for him. */
export class NotAuthorized extends Error {
  override readonly name = 'NotAuthorized';
}

const read = (resource: Resource): Authorizer => {
  const parsed = properties.safeParse(resource.properties);
  if (!parsed.success)
    throw new Error(`AWS::IoT::Authorizer ${resource.logicalId}: ${z.prettifyError(parsed.error)}`);
  const { AuthorizerFunctionArn: functionArn, Status } = parsed.data;
  return { arn: resource.arn ?? '', functionArn, isActive: Status === 'ACTIVE' };
};

/** Name of the authorizer in a user name: `labgate?x-amz-customauthorizer-name=NAME`. */
const nameIn = (username: string | undefined): string | undefined => {
  const query = username?.indexOf('?') ?? -1;
  if (username === undefined || query < 0) return undefined;
  return new URLSearchParams(username.slice(query)).get('x-amz-customauthorizer-name') ?? undefined;
};

/** Asks the authorizer that a connection names. @throws {NotAuthorized} */
export type Authorize = (credential: Credential) => Promise<Authorized>;

export const authorizersOf = (assembly: Assembly, functions: Functions, log: Log): Authorize => {
  const authorizers = new Map(
    assembly.byType('AWS::IoT::Authorizer').map((each) => [each.physicalId, read(each)] as const),
  );
  const permitted = permissionsOf(assembly, 'iot.amazonaws.com');

  const ask = async (functionArn: string, event: object): Promise<unknown> => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new NotAuthorized('the authorizer has not answered')), ANSWER_TIME);
    try {
      const result = await Promise.race([functions.invoke(functionArn, event), late]);
      if (result.ok) return result.payload;
      log('error', 'an authorizer failed', { functionArn, reason: result.errorMessage });
      throw new NotAuthorized('the authorizer has failed');
    } finally {
      clearTimeout(timer);
    }
  };

  return async (credential) => {
    const name = nameIn(credential.username);
    if (name === undefined) throw new NotAuthorized('no authorizer is named');
    const authorizer = authorizers.get(name);
    if (authorizer?.isActive !== true) throw new NotAuthorized(`there is no active authorizer ${name}`);
    const refusal = permitted(authorizer.functionArn, authorizer.arn);
    if (refusal !== undefined) throw new NotAuthorized(refusal);
    const given = answer.safeParse(await ask(authorizer.functionArn, eventOf(credential)));
    if (!given.success) throw new NotAuthorized(z.prettifyError(given.error));
    const { data } = given;
    return {
      principalId: data.principalId,
      policies: data.policyDocuments.map((document, at) => compile(name, document, at)),
      disconnectAfter: data.disconnectAfterInSeconds * 1000,
      refreshAfter: data.refreshAfterInSeconds * 1000,
    };
  };
};

const compile = (name: string, document: string | object, at: number): Policy => {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  if (text.length > MOST_CHARACTERS)
    throw new NotAuthorized(`policy document ${at} has ${text.length} characters`);
  return compilePolicy(`${name} ${at}`, JSON.parse(text) as Json);
};

const eventOf = ({ clientId, username, password, isTls, headers, queryString }: Credential): object => ({
  signatureVerified: false,
  protocols: isTls ? ['tls', 'http', 'mqtt'] : ['http', 'mqtt'],
  protocolData: {
    ...(isTls ? { tls: { serverName: (headers['host'] ?? '').replace(/:\d+$/, '') } } : {}),
    http: { headers, queryString },
    mqtt: {
      clientId,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: password.toString('base64') }),
    },
  },
  connectionMetadata: { id: randomUUID() },
});
