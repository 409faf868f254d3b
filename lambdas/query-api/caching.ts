/** Whether an answer can be kept, by whether the range that it is of can still change. */
import { createHash } from 'node:crypto';
import { LIMITS } from '../../contracts/limits.ts';
import { MICROS_PER_HOUR, type Micros } from '../../contracts/time.ts';
import { streamResponse } from '../runtime/http/stream.ts';

/** Points come late by so much at most; an hour more for what is on its way. */
const SETTLED_AFTER = LIMITS.pastMicros + MICROS_PER_HOUR;
/** Quarantined messages may be replayed at any time: nothing is kept for ever. */
const KEEP_SECONDS = 3600;
/** Bytes of a stream that are held back to see whether they are all of it. */
const HELD_BACK = 256 * 1024;

/** What is asked for, as far as keeping goes. */
export interface Keeping {
  readonly now: Micros;
  /** The end that was asked for. */
  readonly to: Micros | undefined;
  readonly ifNoneMatch: string | undefined;
  /** Whether the rows are at hand: a page. Otherwise they are read while they are sent. */
  readonly isPage: boolean;
}

async function* after(
  begun: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* begun;
  yield* rest;
}

/** The pieces as far as they are held back, and whether they are all. */
const begin = async (pieces: AsyncGenerator<Uint8Array>, most: number) => {
  const begun: Uint8Array[] = [];
  for (let size = 0; size <= most; ) {
    const { done, value } = await pieces.next();
    if (done) return { begun, isWhole: true };
    begun.push(value);
    size += value.length;
  }
  return { begun, isWhole: false };
};

const tagOf = (pieces: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return `"${hash.digest('base64url').slice(0, 32)}"`;
};

/**
 * An answer that can be kept when its range is closed: for an hour when no device can add to it any more, else to be
 * asked for again with `If-None-Match`. Ranges that end now or later are not kept.
 *
 * The entity tag is told from the bytes, so that it can never be wrong, whatever was compacted, archived or replayed:
 * of pages in any format, and of streams that turn out to be short. Of longer ones it would be known with the last
 * byte, which is too late for a header; those are kept as long as the range is settled, without a tag.
 */
export const keepable = async (
  pieces: AsyncGenerator<Uint8Array>,
  headers: Readonly<Record<string, string>>,
  { now, to, ifNoneMatch, isPage }: Keeping,
): Promise<Response> => {
  if (to === undefined || to > now) return await streamResponse(pieces, headers);
  const isSettled = to + SETTLED_AFTER < now;
  const forAWhile = `private, max-age=${KEEP_SECONDS}`;
  const { begun, isWhole } = await begin(pieces, isPage ? Number.POSITIVE_INFINITY : HELD_BACK);
  if (!isWhole)
    return await streamResponse(after(begun, pieces), {
      ...headers,
      ...(isSettled ? { 'cache-control': forAWhile } : {}),
    });
  const etag = tagOf(begun);
  const kept = { ...headers, etag, 'cache-control': isSettled ? forAWhile : 'private, no-cache' };
  // Weak comparison, as RFC 9110 13.1.2 has it for If-None-Match.
  const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!known.includes(etag) && !known.includes('*')) return await streamResponse(after(begun, pieces), kept);
  const { 'content-type': _, ...bare } = kept as Record<string, string>;
  return new Response(null, { status: 304, headers: bare });
};
