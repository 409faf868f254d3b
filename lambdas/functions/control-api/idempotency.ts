/** Requests that are sent again: the same key and request give the same answer. */
import type { Principal } from '../../../contracts/roles.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { type Answer, keepAnswer, takeKey } from '../../store/registry/idempotency.ts';
import type { Registry } from '../../store/registry/keys.ts';

/**
 * Answers a request once. What it does must be resumable: a request whose answer was lost is done again.
 * @param request digest of route and body, and the key, if the caller sent one
 * @throws {ProblemError} `idempotency-conflict` when the key was used for another request
 */
export const idempotently = async (
  registry: Registry,
  request: {
    readonly key: string | undefined;
    readonly hash: string;
    readonly principal: Principal;
    readonly now: Date;
  },
  run: () => Promise<Answer>,
): Promise<Response> => {
  const respond = ({ status, headers, body }: Answer): Response => new Response(body, { status, headers });
  if (request.key === undefined) return respond(await run());
  const attempt = {
    subject: request.principal.subject,
    key: request.key,
    requestHash: request.hash,
    now: request.now,
  };
  const taken = await takeKey(registry, attempt);
  if (taken === 'conflict') throw new ProblemError('idempotency-conflict');
  if (taken !== 'proceed') return respond(taken);
  const answer = await run();
  await keepAnswer(registry, attempt, answer);
  return respond(answer);
};

/** A JSON answer that can be kept. */
export const answerOf = (status: number, etag: string, location: string, body: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json', etag, location },
  body: JSON.stringify(body),
});
