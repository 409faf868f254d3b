/**
 * `live-authorizer`: AWS IoT asks it about each connection of a browser, and again every five minutes. What it says no to
 * is closed.
 *
 * Tokens of people live five minutes, and AWS IoT ends or asks again after five minutes at the earliest. A connection may
 * so outlive its token by nearly as much, but never the rights: rights that were taken away are noted, tokens of before
 * then open nothing any more, and what is open ends within five minutes of that.
 */
import type { IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult } from 'aws-lambda';
import { liveAccess } from '../../../contracts/live-access.ts';
import { asError } from '../../runtime/as-error.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { principalFromPayload } from '../../runtime/http/principal.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics } from '../../runtime/metrics.ts';
import { readAccessChange } from '../../store/registry/access-changes.ts';
import { policyDocuments, TooManySites } from './policy.ts';
import { TokenRefused, tokenVerifier } from './token.ts';

const env = readEnv(['REGISTRY_TABLE', 'TOKEN_ISSUER']);
// AWS IoT waits five seconds for everything.
const registry = { client: dynamoClient({ maxAttempts: 2, requestMillis: 1000 }), table: env.REGISTRY_TABLE };
const verify = tokenVerifier(env.TOKEN_ISSUER);
const logger = createLogger();
const metrics = createMetrics('live-authorizer');

/** What AWS IoT takes, in seconds. */
const SHORTEST = 300;
const LONGEST = 86_400;

type Admission = Pick<
  IoTCustomAuthorizerResult,
  'principalId' | 'policyDocuments' | 'disconnectAfterInSeconds' | 'refreshAfterInSeconds'
>;

/** `arn:aws:iot:us-east-1:123456789012:`, of the account and region that the function runs in. */
const arnPrefix = (functionArn: string): string => {
  const [, partition, , region, account] = functionArn.split(':');
  return `arn:${partition}:iot:${region}:${account}:`;
};

const admit = async (event: IoTCustomAuthorizerEvent, functionArn: string): Promise<Admission> => {
  const { password, clientId = '' } = event.protocolData.mqtt ?? {};
  if (password === undefined) throw new TokenRefused('no token');
  const now = new Date();
  const claims = await verify(Buffer.from(password, 'base64').toString('utf8'), now);
  const principal = principalFromPayload(claims);
  const access = principal === undefined ? undefined : liveAccess(principal);
  if (access === undefined) throw new TokenRefused('without any right here');
  // The policy says so too; this saves the read.
  if (!clientId.startsWith(access.clientPrefix)) throw new TokenRefused('with the client id of another');
  const changedAt = await readAccessChange(registry, claims.sub);
  if (changedAt !== undefined && claims.iat <= changedAt)
    throw new TokenRefused('from before rights were taken away');
  const left = claims.exp - Math.floor(now.getTime() / 1000);
  return {
    principalId: access.principalId,
    policyDocuments: policyDocuments(access, arnPrefix(functionArn)) as Admission['policyDocuments'],
    disconnectAfterInSeconds: Math.min(LONGEST, Math.max(SHORTEST, left)),
    refreshAfterInSeconds: SHORTEST,
  };
};

const REFUSED: IoTCustomAuthorizerResult = {
  isAuthenticated: false,
  principalId: 'refused',
  policyDocuments: [],
  disconnectAfterInSeconds: SHORTEST,
  refreshAfterInSeconds: SHORTEST,
};

/** Any failure is a no: AWS IoT closes the connection, and the page tries again. */
export const handler = async (
  event: IoTCustomAuthorizerEvent,
  { invokedFunctionArn }: { readonly invokedFunctionArn: string },
): Promise<IoTCustomAuthorizerResult> => {
  const connection = event.connectionMetadata?.id;
  try {
    const admission = await admit(event, invokedFunctionArn);
    addCounts(metrics, { LiveAdmitted: 1 });
    return { isAuthenticated: true, ...admission };
  } catch (error) {
    addCounts(metrics, { LiveRefused: 1 });
    if (error instanceof TokenRefused)
      logger.info('a live connection was refused', { connection, why: error.message });
    else if (error instanceof TooManySites)
      logger.warn('somebody has roles at too many sites', { connection, why: error.message });
    else logger.error('a live connection could not be decided', { connection, error: asError(error) });
    return REFUSED;
  } finally {
    metrics.publishStoredMetrics();
  }
};
