/** The audit verified as the page does it: with the hashes of a browser, page by page. */
import { expect, it } from 'vitest';
import { ChainFault } from '../../contracts/audit-chain.ts';
import { sealEntry } from '../../contracts/audit-seal.ts';
import type { AuditEntry } from '../../contracts/resources/audit.ts';
import { PageVerifier } from '../../web/src/pages/audit/verify.ts';

const chain = (): AuditEntry[] => {
  const entries: AuditEntry[] = [];
  for (let n = 0; n < 5; n += 1)
    entries.push(
      sealEntry(
        {
          site: 'lab-1',
          actor: { kind: 'user', subject: 's', name: 'Änne', grants: ['Admin'] },
          action: 'createType',
          outcome: 'done',
          requestId: `r${n}`,
        },
        0,
        entries.at(-1),
        new Date(1000 * n),
      ),
    );
  return entries;
};

it('takes whole chains over several pages', async () => {
  const verifier = new PageVerifier();
  const entries = chain();
  await verifier.take(entries.slice(0, 2));
  await verifier.take(entries.slice(2));
  expect(verifier.chain.entries).toBe(5);
});

it('finds what was changed and what was removed', async () => {
  const altered = chain().map((entry, place) => (place === 3 ? { ...entry, reason: 'none' } : entry));
  await expect(new PageVerifier().take(altered)).rejects.toThrow(ChainFault);
  const removed = chain().filter((_, place) => place !== 2);
  await expect(new PageVerifier().take(removed)).rejects.toThrow(/missing/);
});
