/** Entries of audits, made on the spot. */
import { auditPosition } from '../../contracts/audit-chain.ts';
import { sealEntry } from '../../contracts/audit-seal.ts';
import type { AuditEntry, AuditRecord } from '../../contracts/resources/audit.ts';

/** What somebody did at a site. */
export const auditRecordOf = (number: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  site: 'lab-1',
  actor: { kind: 'user', subject: `user-${number % 3}`, name: 'ada', grants: ['Admin@lab-1'] },
  action: 'updateDevice',
  resource: { kind: 'devices', id: `device-${number}` },
  outcome: 'done',
  before: '"1"',
  after: '"2"',
  reason: 'because',
  requestId: `request-${number}`,
  address: '192.0.2.1',
  ...more,
});

/**
 * Chains of a site, by time.
 * @param lanes the chain of each entry
 */
export const chainsOf = (lanes: readonly number[], more: Partial<AuditRecord> = {}): AuditEntry[] => {
  const newest = new Map<number, AuditEntry>();
  const entries = lanes.map((lane, number) => {
    const at = new Date(Date.UTC(2026, 2, 1, 0, 0, number));
    const entry = sealEntry(auditRecordOf(number, more), lane, newest.get(lane), at);
    newest.set(lane, entry);
    return entry;
  });
  return entries.sort((a, b) => (auditPosition(a) < auditPosition(b) ? -1 : 1));
};
