/** Whether an answer can be kept, by whether the range that it is of can still change. */
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { streamResponse } from '../../runtime/http/stream.ts';
import { tagOfBytes } from './tag.ts';

/** Points come late by so much at most; an hour more for what is on its way. */
const SETTLED_AFTER = LIMITS.pastMicros + MICROS_PER_HOUR;
/** Quarantined messages may be replayed at any time: nothing is kept for ever. */
const KEPT = 'private, max-age=3600';
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
  /** Tells the entity tag from the rows; absent where only the bytes tell. */
  readonly tag: (() => string) | undefined;
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

/** An answer with its tag, or only the tag for who has the answer already. */
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
 * An answer that can be kept when its range is closed: for an hour when no device can add to it any more, else to be
 * asked for again with `If-None-Match`. Ranges that end now or later are not kept.
 *
 * The entity tag is told from the rows or the bytes, so that it can never be wrong, whatever was compacted, archived or
 * replayed: of pages in any format, and of streams that turn out to be short. Of longer ones it would be known with
 * the last byte, which is too late for a header; those are kept as long as the range is settled, without a tag. A page
 * of points or buckets has its tag before its first byte is made, and is made while it is sent.
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
