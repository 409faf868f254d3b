/** Caching of answers: how long one may be kept depends on whether its range can still change. */
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { streamResponse } from '../../runtime/http/stream.ts';
import { tagOfBytes } from './tag.ts';

/** Points come late by so much at most, and an hour more for those on their way. */
const SETTLED_AFTER = LIMITS.pastMicros + MICROS_PER_HOUR;
/** Not for ever: quarantined messages may be replayed at any time. */
const KEPT = 'private, max-age=3600';
/** Bytes of a stream that are held back: a stream that ends within them gets a tag. */
const HELD_BACK = 256 * 1024;

/** What decides whether and how long an answer may be kept. */
export interface Keeping {
  readonly now: Micros;
  /** The end that was asked for. */
  readonly to: Micros | undefined;
  readonly ifNoneMatch: string | undefined;
  /** Whether the answer is a page, whose rows are read already. Others are read while they are sent. */
  readonly isPage: boolean;
  /** Makes the entity tag from the rows; absent where it is made from the bytes. */
  readonly tag: (() => string) | undefined;
}

async function* after(
  begun: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* begun;
  yield* rest;
}

/** Takes pieces of so many bytes. @returns them, and whether they are the whole answer */
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

/** An answer with its tag; only the tag (304) for who has the answer already. */
const tagged = async (
  pieces: AsyncGenerator<Uint8Array>,
  etag: string,
  headers: Readonly<Record<string, string>>,
  { isSettled, ifNoneMatch }: { readonly isSettled: boolean; readonly ifNoneMatch: string | undefined },
): Promise<Response> => {
  const kept = { ...headers, etag, 'cache-control': isSettled ? KEPT : 'private, no-cache' };
  // Weak comparison, as RFC 9110 13.1.2 has it for If-None-Match.
  const known = (ifNoneMatch ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (!known.includes(etag) && !known.includes('*')) return await streamResponse(pieces, kept);
  const { 'content-type': _, ...bare } = kept as Record<string, string>;
  return new Response(null, { status: 304, headers: bare });
};

/**
 * Adds what a cache needs to an answer. Ranges that end now or later are not kept. An answer about the past is kept for
 * an hour when no device can add points to its range any more; else it is kept, and asked for again each time with
 * `If-None-Match`.
 *
 * The entity tag is made from the rows or from the bytes, so that it changes whenever the answer does, whatever was
 * compacted, archived or replayed. A page of points or buckets has its tag before its first byte, and is written while
 * it is sent. Pages of other rows and short streams are written first and hashed. A longer stream gets no tag, because
 * headers go out before its last byte is known.
 * @param pieces the body; it is not made for who has the answer already
 */
export const keepable = async (
  pieces: AsyncGenerator<Uint8Array>,
  headers: Readonly<Record<string, string>>,
  { now, to, ifNoneMatch, isPage, tag }: Keeping,
): Promise<Response> => {
  if (to === undefined || to > now) return await streamResponse(pieces, headers);
  const isSettled = to + SETTLED_AFTER < now;
  if (tag !== undefined) return await tagged(pieces, tag(), headers, { isSettled, ifNoneMatch });
  const { begun, isWhole } = await begin(pieces, isPage ? Number.POSITIVE_INFINITY : HELD_BACK);
  if (isWhole)
    return await tagged(after(begun, pieces), tagOfBytes(begun), headers, { isSettled, ifNoneMatch });
  return await streamResponse(after(begun, pieces), {
    ...headers,
    ...(isSettled ? { 'cache-control': KEPT } : {}),
  });
};
