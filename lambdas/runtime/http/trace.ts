/** The trace that a request belongs to. */
import { createHash, randomBytes } from 'node:crypto';
import { TRACEPARENT, traceIdOfRequest } from '../../../contracts/trace.ts';

/**
 * The `traceparent` of a request: what it brought, else one whose trace id is the request id.
 * @param given what it brought; nothing counts when it is no `traceparent`
 */
export const traceparentOf = (requestId: string, given: string | null): string => {
  if (given !== null && TRACEPARENT.test(given)) return given;
  const trace =
    traceIdOfRequest(requestId) ?? createHash('sha256').update(requestId).digest('hex').slice(0, 32);
  return `00-${trace}-${randomBytes(8).toString('hex')}-01`;
};
