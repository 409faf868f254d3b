/**
 * Daily roots of the audit: where each chain ended when a day was over. They are kept where who can write the table cannot
 * write, and so tell what chains alone cannot: that a chain was cut off, or written anew from its beginning.
 */
import * as z from 'zod';
import { ChainFault, NO_HASH } from './audit-chain.ts';
import { canonicalHash } from './audit-seal.ts';
import { slug } from './messages/topics.ts';
import { type AuditEntry, auditEntry } from './resources/audit.ts';

const { lane, seq, hash } = auditEntry.shape;

/** The root of a day in UTC, written as canonical JSON (RFC 8785). */
export const auditRoot = z.object({
  day: z.iso.date(),
  previous: hash.meta({
    description: 'SHA-256 of the root of the day before, in canonical JSON; zeros for the first',
  }),
  /** The last entry of the day in each chain that grew on it. */
  chains: z.array(z.object({ site: slug.nullable(), lane, seq, hash })),
});
export type AuditRoot = z.infer<typeof auditRoot>;

/** The end of a chain on a day. */
export type RootChain = AuditRoot['chains'][number];

const DAY = 86_400_000;

/** The day after one. */
export const dayAfter = (day: string): string =>
  new Date(Date.parse(day) + DAY).toISOString().slice(0, 'yyyy-mm-dd'.length);

/** Roots that do not follow each other, or are none. */
export class RootFault extends Error {
  override readonly name = 'RootFault';
}

/** What an export covers. */
export interface AuditScope {
  readonly site: string | null;
  /** From when on; `null` from the beginning. */
  readonly from: string | null;
  /** Up to when. */
  readonly to: string;
}

/** Compares the entries of a site with the roots of days. */
export class RootCheck {
  private readonly days: readonly string[];
  /** Ends of the chains of the site: by day, by lane. */
  private readonly ends = new Map<string, Map<number, RootChain>>();
  private readonly seen = new Set<RootChain>();

  /**
   * @param documents roots in any order, each as it was read
   * @throws {RootFault} when one is none, or is missing between others, or was put in the place of another
   */
  constructor(documents: readonly unknown[], site: string | null) {
    const roots = documents
      .map((document) => {
        const parsed = auditRoot.safeParse(document);
        if (!parsed.success) throw new RootFault('there is a file that is no root of an audit');
        return { ...parsed.data, own: canonicalHash(document) };
      })
      .sort((one, other) => (one.day < other.day ? -1 : 1));
    for (const [place, { day, previous }] of roots.entries()) {
      const before = roots[place - 1];
      if (before === undefined) continue;
      if (dayAfter(before.day) !== day)
        throw new RootFault(`between the roots of ${before.day} and ${day} there are others missing`);
      if (previous !== before.own)
        throw new RootFault(`the root of ${before.day} is not the one that the root of ${day} follows on`);
    }
    this.days = roots.map(({ day }) => day);
    for (const { day, chains } of roots)
      this.ends.set(
        day,
        new Map(chains.filter((chain) => chain.site === site).map((chain) => [chain.lane, chain])),
      );
  }

  /** First and last day that there are roots of. */
  get range(): readonly [first: string, last: string] {
    return [this.days[0] ?? '', this.days.at(-1) ?? ''];
  }

  /** Ends of chains that were found to be as roots say. */
  get agreed(): number {
    return this.seen.size;
  }

  /**
   * Takes an entry that has been found to follow on the one before it.
   * @param place which one of the export, from 1
   * @throws {ChainFault}
   */
  take({ at, lane: chain, seq: number, hash: own }: AuditEntry, place: number): void {
    const day = at.slice(0, 'yyyy-mm-dd'.length);
    const ends = this.ends.get(day);
    if (ends === undefined) return;
    const end = ends.get(chain);
    const name = `entry ${number} of chain ${chain}`;
    if (end === undefined || number > end.seq)
      throw new ChainFault(
        'inserted',
        place,
        `${name} came to be after the root of ${day}, and says it was before`,
      );
    if (number < end.seq) return;
    if (own !== end.hash)
      throw new ChainFault('altered', place, `${name} is not the one that the root of ${day} was made of`);
    this.seen.add(end);
  }

  /**
   * Looks for what should have been there: entries that roots of days tell of which lie wholly in what was exported.
   * @param place the number of entries that were taken
   * @throws {ChainFault}
   */
  end({ from, to }: AuditScope, place: number): void {
    for (const [day, ends] of this.ends) {
      const isWithin =
        (from === null || Date.parse(from) <= Date.parse(day)) && Date.parse(to) >= Date.parse(dayAfter(day));
      if (!isWithin) continue;
      for (const end of ends.values())
        if (!this.seen.has(end))
          throw new ChainFault(
            'removed',
            place,
            `the root of ${day} tells of entry ${end.seq} of chain ${end.lane}, which is missing`,
          );
    }
  }
}

/** The root of a day that follows on another. */
export const rootOf = (day: string, before: unknown, chains: readonly RootChain[]): AuditRoot => ({
  day,
  previous: before === undefined ? NO_HASH : canonicalHash(before),
  chains: [...chains].sort((a, b) => (a.site ?? '').localeCompare(b.site ?? '') || a.lane - b.lane),
});
