/** Exports of the audit: NDJSON, an entry a line by time, and at the end what there must be; and the files of roots. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ChainVerifier } from '../../../contracts/audit-chain.ts';
import type { AuditScope } from '../../../contracts/audit-roots.ts';
import { canonicalHash } from '../../../contracts/audit-seal.ts';
import { dayOfRoot } from '../../../contracts/deployment/audit-roots.ts';
import type { AuditEntry } from '../../../contracts/resources/audit.ts';

const end = z.strictObject({
  end: z.strictObject({
    site: z.string().nullable(),
    from: z.string().nullable(),
    to: z.string(),
    entries: z.int(),
    chains: z.array(
      z.strictObject({
        lane: z.int(),
        first: z.int(),
        prev: z.string(),
        last: z.int(),
        hash: z.string(),
      }),
    ),
  }),
});

/** The last line of an export: what it covers, how many entries there are, and where each chain begins and ends. */
export class AuditEnd {
  private readonly value: z.infer<typeof end>;

  private constructor(value: z.infer<typeof end>) {
    this.value = value;
  }

  /** The end of what was verified. */
  static of({ entries, stretches }: ChainVerifier, { site, from, to }: AuditScope): AuditEnd {
    return new AuditEnd({ end: { site, from, to, entries, chains: [...stretches] } });
  }

  /** @returns `undefined` for another line */
  static read(line: unknown): AuditEnd | undefined {
    const parsed = end.safeParse(line);
    return parsed.success ? new AuditEnd(parsed.data) : undefined;
  }

  get scope(): AuditScope {
    return this.value.end;
  }

  /** One hash for the whole export: SHA-256 of the last line in canonical JSON, in hexadecimal. */
  get root(): string {
    return canonicalHash(this.value);
  }

  get line(): string {
    return `${JSON.stringify(this.value)}\n`;
  }
}

/**
 * Writes an export. Entries that do not hold together are written all the same, as evidence, and without an end: the
 * verifier has the fault then.
 */
export async function* linesOf(
  entries: AsyncIterable<AuditEntry>,
  verifier: ChainVerifier,
  scope: AuditScope,
): AsyncGenerator<string> {
  for await (const entry of entries) {
    verifier.note(entry);
    yield `${JSON.stringify(entry)}\n`;
  }
  if (verifier.fault === undefined) yield AuditEnd.of(verifier, scope).line;
}

/**
 * Reads the roots of a folder.
 * @throws {SyntaxError} for one that is no JSON, and what the file system says
 */
export const readRoots = (folder: string): unknown[] =>
  readdirSync(folder)
    .filter((name) => dayOfRoot(name) !== undefined)
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown);
