/**
 * The chains of the audit. An entry holds the hash of the one before it, so that who holds a later hash can tell whether
 * anything before it was changed. Whoever can write all entries anew can make other chains: a hash that is kept
 * elsewhere tells them apart.
 */
import { type AuditEntry, auditEntry } from './resources/audit.ts';

/** `prev` of the first entry of a chain. */
export const NO_HASH = '0'.repeat(64);

/** Where an entry stands in time among all of its site: the order of lists and exports. */
export const auditPosition = ({ at, lane, seq }: Pick<AuditEntry, 'at' | 'lane' | 'seq'>): string =>
  `${at}#${String(lane).padStart(2, '0')}#${String(seq).padStart(12, '0')}`;

/** What is wrong with an entry, or with where it stands. */
export type ChainFaultKind = 'altered' | 'removed' | 'inserted' | 'moved';

/** The first place where chains do not hold. */
export class ChainFault extends Error {
  override readonly name = 'ChainFault';
  readonly kind: ChainFaultKind;
  /** Which entry, from 1. */
  readonly place: number;
  constructor(kind: ChainFaultKind, place: number, message: string) {
    super(message);
    this.kind = kind;
    this.place = place;
  }
}

/** A stretch of a chain. */
export interface Stretch {
  readonly lane: number;
  readonly first: number;
  /** `prev` of the first. */
  readonly prev: string;
  readonly last: number;
  /** `hash` of the last. */
  readonly hash: string;
}

/** Takes the entries of one site by {@link auditPosition}, and says where they do not hold together. */
export class ChainVerifier {
  private readonly hashOf: (entry: unknown) => string;
  private readonly lanes = new Map<number, Stretch>();
  private site: string | null | undefined;
  private position = '';
  private count = 0;
  private found: ChainFault | undefined;

  /** @param hashOf SHA-256 of a value in canonical JSON, in hexadecimal: each platform has its own way to it */
  constructor(hashOf: (entry: unknown) => string) {
    this.hashOf = hashOf;
  }

  /** Entries that were taken. */
  get entries(): number {
    return this.count;
  }

  /** Of which site the entries are; `undefined` before the first. */
  get of(): string | null | undefined {
    return this.site;
  }

  /** What was taken of each chain. */
  get stretches(): readonly Stretch[] {
    return [...this.lanes.values()].sort((a, b) => a.lane - b.lane);
  }

  /** The first place that {@link note} found wrong. */
  get fault(): ChainFault | undefined {
    return this.found;
  }

  /** As {@link take}, and goes on: after the first fault nothing is looked at any more. */
  note(value: unknown): void {
    if (this.found !== undefined) return;
    try {
      this.take(value);
    } catch (error) {
      if (!(error instanceof ChainFault)) throw error;
      this.found = error;
    }
  }

  /** @throws {ChainFault} */
  take(value: unknown): void {
    const place = this.count + 1;
    const parsed = auditEntry.safeParse(value);
    if (!parsed.success) throw new ChainFault('altered', place, 'it is no entry of an audit');
    const { site, lane, seq, prev, hash } = parsed.data;
    const { hash: _hash, ...open } = value as AuditEntry;
    const name = `entry ${seq} of chain ${lane}`;
    if (this.hashOf(open) !== hash)
      throw new ChainFault('altered', place, `${name} is not what its hash was made of`);
    if (this.site !== undefined && this.site !== site)
      throw new ChainFault(
        'inserted',
        place,
        `${name} is of ${site ?? 'no site'}, and not of ${this.site ?? 'no site'}`,
      );
    const before = this.lanes.get(lane);
    if (before !== undefined && seq <= before.last)
      throw new ChainFault('moved', place, `${name} comes after entry ${before.last} of its chain`);
    if (before !== undefined && seq > before.last + 1)
      throw new ChainFault(
        'removed',
        place,
        `before ${name}, ${seq - before.last - 1} entries of its chain are missing`,
      );
    if (before !== undefined && prev !== before.hash)
      throw new ChainFault('altered', place, `${name} does not follow on the entry before it`);
    if ((seq === 1) !== (prev === NO_HASH))
      throw new ChainFault('altered', place, `${name} does not begin its chain as it should`);
    const position = auditPosition(open);
    if (position <= this.position)
      throw new ChainFault('moved', place, `${name} is earlier than the entry before it in the list`);
    this.site = site;
    this.position = position;
    this.count = place;
    this.lanes.set(lane, {
      lane,
      first: before?.first ?? seq,
      prev: before?.prev ?? prev,
      last: seq,
      hash,
    });
  }
}
