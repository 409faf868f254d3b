/** Makes entries of the audit into chains, with the hashes of Node. */
import { createHash } from 'node:crypto';
import { NO_HASH } from './audit-chain.ts';
import { canonicalJson } from './canonical-json.ts';
import type { AuditEntry, AuditRecord } from './resources/audit.ts';

/** SHA-256 of a value in canonical JSON, in hexadecimal. */
export const canonicalHash = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');

/**
 * Makes the next entry of a chain.
 * @param before the newest entry of the chain, `undefined` for the first
 * @param at when; an earlier time than that of `before` counts as that
 */
export const sealEntry = (
  record: AuditRecord,
  lane: number,
  before: AuditEntry | undefined,
  at: Date,
): AuditEntry => {
  const now = at.toISOString();
  const open = {
    ...record,
    at: before !== undefined && before.at > now ? before.at : now,
    lane,
    seq: (before?.seq ?? 0) + 1,
    prev: before?.hash ?? NO_HASH,
  };
  return { ...open, hash: canonicalHash(open) };
};
