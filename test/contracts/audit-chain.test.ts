/** The chains of the audit: whatever is done to a list of entries is found. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuditEnd } from '../../bin/cli/output/audit-file.ts';
import { auditPosition, ChainFault, ChainVerifier, NO_HASH } from '../../contracts/audit-chain.ts';
import { canonicalHash, sealEntry } from '../../contracts/audit-seal.ts';
import { type AuditEntry, auditEntry } from '../../contracts/resources/audit.ts';
import { auditRecordOf, chainsOf } from '../support/audit.ts';

const SCOPE = { site: 'lab-1', from: null, to: '2026-03-02T00:00:00Z' };

/** Verifies as an export is verified: entry by entry, and at the end against what there must be. */
const faultOf = (entries: readonly unknown[], root: string): ChainFault | undefined => {
  const verifier = new ChainVerifier(canonicalHash);
  for (const entry of entries) verifier.note(entry);
  if (verifier.fault !== undefined) return verifier.fault;
  return AuditEnd.of(verifier, SCOPE).root === root
    ? undefined
    : new ChainFault('removed', entries.length + 1, 'the end is another');
};
const rootOf = (entries: readonly AuditEntry[]): string => {
  const verifier = new ChainVerifier(canonicalHash);
  for (const entry of entries) verifier.take(entry);
  return AuditEnd.of(verifier, SCOPE).root;
};

const chains = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 30 }).map(chainsOf);
const place = fc.nat({ max: 1000 });

/** Another value of the same kind. */
const other = (value: unknown): unknown => {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? 'f'.repeat(64) : `${value}x`;
  if (typeof value === 'number') return value + 1;
  return value === null ? 'lab-1' : { ...(value as object), name: 'eve', id: 'other' };
};

describe('chains that nobody touched', () => {
  it('hold, and entries are what the contract says', () => {
    fc.assert(
      fc.property(chains, (entries) => {
        expect(faultOf(entries, rootOf(entries))).toBeUndefined();
        for (const entry of entries) expect(auditEntry.parse(entry)).toEqual(entry);
      }),
    );
  });

  it('hold from wherever one begins to read', () => {
    fc.assert(
      fc.property(chains, place, (entries, at) => {
        const rest = entries.slice(at % entries.length);
        expect(faultOf(rest, rootOf(rest))).toBeUndefined();
      }),
    );
  });

  // The hash was made by Python: json.dumps(entry, sort_keys=True, separators=(',', ':')) of the entry without it.
  it('have the hashes that others come to as well', () => {
    const first = sealEntry(auditRecordOf(0), 0, undefined, new Date('2026-03-01T00:00:00Z'));
    expect(first).toMatchObject({
      seq: 1,
      prev: NO_HASH,
      hash: '373224c6aeb735449acf79213729bb74398816d3b8cee8c6c45212ba4f4b3345',
    });
  });

  it('never go back in time, whatever clocks say', () => {
    const first = sealEntry(auditRecordOf(0), 0, undefined, new Date('2026-03-01T00:00:01Z'));
    const second = sealEntry(auditRecordOf(1), 0, first, new Date('2026-03-01T00:00:00Z'));
    expect(second.at).toBe(first.at);
    expect(auditPosition(second) > auditPosition(first)).toBe(true);
  });
});

describe('is found at the first place that does not hold:', () => {
  it('an entry that was altered, in any member', () => {
    fc.assert(
      fc.property(chains, place, place, (entries, at, member) => {
        const index = at % entries.length;
        const entry = entries[index] as AuditEntry;
        const names = Object.keys(entry) as (keyof AuditEntry)[];
        const name = names[member % names.length] as keyof AuditEntry;
        const changed = entries.with(index, { ...entry, [name]: other(entry[name]) } as AuditEntry);
        expect(faultOf(changed, rootOf(entries))).toMatchObject({ kind: 'altered', place: index + 1 });
      }),
    );
  });

  it('a member that was added, or taken away', () => {
    fc.assert(
      fc.property(chains, place, fc.constantFrom('reason', 'address', 'more'), (entries, at, name) => {
        const index = at % entries.length;
        const { [name as 'reason']: _gone, ...rest } = entries[index] as AuditEntry;
        const changed: unknown = name === 'more' ? { ...rest, more: 1 } : rest;
        const fault = faultOf((entries as unknown[]).with(index, changed), rootOf(entries));
        expect(fault).toMatchObject({ kind: 'altered', place: index + 1 });
      }),
    );
  });

  it('an entry that was altered and sealed anew', () => {
    fc.assert(
      fc.property(chains, place, (entries, at) => {
        const index = at % entries.length;
        const { hash: _hash, at: time, lane, seq, prev, ...record } = entries[index] as AuditEntry;
        const before = seq === 1 ? undefined : ({ seq: seq - 1, hash: prev, at: time } as AuditEntry);
        const sealed = sealEntry({ ...record, reason: 'forged' }, lane, before, new Date(time));
        const fault = faultOf(entries.with(index, sealed), rootOf(entries));
        expect(fault?.place).toBeGreaterThan(index + 1);
      }),
    );
  });

  it('entries that were removed, from the middle or an end', () => {
    fc.assert(
      fc.property(chains, place, fc.integer({ min: 1, max: 3 }), (entries, at, count) => {
        const start = at % entries.length;
        const fault = faultOf(entries.toSpliced(start, count), rootOf(entries));
        expect(fault?.kind).toBe('removed');
        expect(fault?.place).toBeGreaterThan(start);
      }),
    );
  });

  it('an entry that was inserted, a copy or one of its own', () => {
    fc.assert(
      fc.property(chains, place, place, fc.boolean(), (entries, from, to, own) => {
        const copy = entries[from % entries.length] as AuditEntry;
        const index = to % (entries.length + 1);
        const before = entries.slice(0, index).findLast(({ lane }) => lane === copy.lane);
        const at = new Date(entries[Math.max(0, index - 1)]?.at ?? 0);
        const added = own ? sealEntry(auditRecordOf(99), copy.lane, before, at) : copy;
        const fault = faultOf(entries.toSpliced(index, 0, added), rootOf(entries));
        expect(fault).toBeDefined();
        // Until there one cannot tell: an entry that goes before another is right for itself.
        expect(fault?.place).toBeGreaterThan(index);
      }),
    );
  });

  it('two entries that were swapped, of one chain or of two', () => {
    fc.assert(
      fc.property(chains, place, place, (entries, one, two) => {
        const [a, b] = [one % entries.length, two % entries.length].sort((x, y) => x - y) as [number, number];
        fc.pre(a !== b);
        const swapped = entries.with(a, entries[b] as AuditEntry).with(b, entries[a] as AuditEntry);
        const fault = faultOf(swapped, rootOf(entries));
        expect(fault).toBeDefined();
        expect(fault?.place).toBeGreaterThan(a);
      }),
    );
  });

  it('an entry of another site', () => {
    const entries = chainsOf([0, 0, 0]);
    const foreign = sealEntry(
      auditRecordOf(9, { site: 'lab-2' }),
      1,
      undefined,
      new Date('2026-03-01T00:01:00Z'),
    );
    expect(faultOf([...entries, foreign], rootOf(entries))).toMatchObject({ kind: 'inserted', place: 4 });
  });
});
