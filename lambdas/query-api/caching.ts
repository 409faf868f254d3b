/** Whether an answer can be kept, by whether the range that it is of can still change. */
import { createHash } from 'node:crypto';
import { LIMITS } from '../../contracts/limits.ts';
import { MICROS_PER_HOUR, type Micros } from '../../contracts/time.ts';
import type { Series } from './series-query.ts';

/** Points come late by so much at most; an hour more for what is on its way. */
const SETTLED_AFTER = LIMITS.pastMicros + MICROS_PER_HOUR;
/** Quarantined messages may be replayed at any time: nothing is kept for ever. */
const KEEP_SECONDS = 3600;

/**
 * An answer with an entity tag when its range is closed: kept for an hour when no device can add to it any more, else
 * to be asked for again with `If-None-Match`. Ranges that end now or later are not kept.
 * @param to the end that was asked for
 */
export const cacheable = (
  { now }: Series,
  to: Micros | undefined,
  ifNoneMatch: string | undefined,
  body: string,
  headers: Readonly<Record<string, string>>,
): Response => {
  if (to === undefined || to > now) return new Response(body, { headers });
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 32)}"`;
  const kept = {
    ...headers,
    etag,
    'cache-control': to + SETTLED_AFTER < now ? `private, max-age=${KEEP_SECONDS}` : 'private, no-cache',
  };
  // Weak comparison, as RFC 9110 13.1.2 has it for If-None-Match.
  const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!known.includes(etag) && !known.includes('*')) return new Response(body, { headers: kept });
  const { 'content-type': _, ...bare } = kept as Record<string, string>;
  return new Response(null, { status: 304, headers: bare });
};
