/** Verifies the chains of the audit in this browser, entry by entry. */
import { ChainVerifier } from '../../../../contracts/audit-chain.ts';
import { canonicalJson } from '../../../../contracts/canonical-json.ts';
import { ask } from '../../api/client.ts';
import { listAudit } from '../../api/gen/index.ts';

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const sha256 = async (text: string): Promise<string> =>
  hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));

/** Takes pages of entries; the hashes of a page are made before its entries are looked at. */
export class PageVerifier {
  private hashes = new Map<string, string>();
  readonly chain = new ChainVerifier((entry) => this.hashes.get(canonicalJson(entry)) ?? '');

  /** @throws {ChainFault} where the chains do not hold */
  async take(entries: readonly unknown[]): Promise<void> {
    const texts = entries.map((entry) => {
      const { hash: _hash, ...open } = entry as { readonly hash?: string };
      return canonicalJson(open);
    });
    const hashes = await Promise.all(texts.map(sha256));
    this.hashes = new Map(texts.map((text, place) => [text, hashes[place] ?? ''] as const));
    for (const entry of entries) this.chain.take(entry);
  }
}

/**
 * Reads the whole audit of a site, the oldest first, and verifies it.
 * @param site absent: what belongs to no site
 * @param onEntries how many have been verified so far
 * @returns how many there are
 * @throws {ChainFault} where the chains do not hold
 */
export const verifyAudit = async (
  site: string | undefined,
  onEntries: (count: number) => void,
): Promise<number> => {
  const verifier = new PageVerifier();
  let cursor: string | null | undefined;
  do {
    const { items, next } = await ask(
      listAudit({
        query: {
          order: 'oldest',
          limit: 1000,
          ...(site === undefined ? {} : { site }),
          ...(cursor == null ? {} : { cursor }),
        },
      }),
    );
    await verifier.take(items);
    onEntries(verifier.chain.entries);
    cursor = next;
  } while (cursor !== null);
  return verifier.chain.entries;
};
