/**
 * Where a device was before it was moved: what it said there may still be under way, in the stream or in the quarantine.
 */
import * as z from 'zod';
import { slug } from '../../../contracts/messages/topics.ts';
import { MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';

/** A site that a device left; what arrived there until then is its own. Null: it is being moved. */
export const formerSite = z.object({ site: slug, until: z.int().nullable() });
export type FormerSite = z.infer<typeof formerSite>;

/** AWS IoT tells its brokers of a changed thing within minutes. */
const GRACE = 10 * MICROS_PER_MINUTE;
/** Moves that are remembered, the newest last. */
const REMEMBERED = 10;

/** The site that a device is being moved from, if it is. */
export const movingFrom = (former: readonly FormerSite[]): string | undefined =>
  former.find(({ until }) => until === null)?.site;

/** What is remembered when a move begins. */
export const withMoveBegun = (former: readonly FormerSite[], from: string): FormerSite[] =>
  [...former, { site: from, until: null }].slice(-REMEMBERED);

/** What is remembered when a move is done: the connection of before is cut. */
export const withMoveDone = (former: readonly FormerSite[], now: Micros): FormerSite[] =>
  former.map(({ site, until }) => ({ site, until: until ?? now + GRACE }));

/**
 * Whether what arrived under a site is of a device that has left it: it arrived before the move, or it was set aside then
 * and is taken again now.
 */
export const isFrom = (
  former: readonly FormerSite[],
  site: string,
  { arrived, original }: { readonly arrived: Micros; readonly original?: Micros },
): boolean =>
  former.some(
    (left) => left.site === site && (original !== undefined || left.until === null || arrived <= left.until),
  );
