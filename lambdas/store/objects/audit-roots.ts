/**
 * Roots of the audit in their bucket, an object a day.
 *
 * | access           | operation     | key                                 |
 * | ---------------- | ------------- | ----------------------------------- |
 * | newest root      | ListObjectsV2 | `audit-roots/`, 1000 days a page    |
 * | a root           | GetObject     | `audit-roots/{day}.json`            |
 * | a new root       | PutObject     | the same, on condition that none is |
 */
import { type AuditRoot, auditRoot } from '../../../contracts/audit-roots.ts';
import { canonicalJson } from '../../../contracts/canonical-json.ts';
import { AUDIT_ROOTS_PREFIX, dayOfRoot, rootFile } from '../../../contracts/deployment/audit-roots.ts';
import { createIn, getFrom, listOf } from './objects.ts';

const PAGE = 1000;
const keyOf = (day: string): string => `${AUDIT_ROOTS_PREFIX}${rootFile(day)}`;

/** A root as it was read: its hash counts members that are not known here. */
export interface KeptRoot {
  readonly day: string;
  readonly document: unknown;
}

/** The bucket of roots. */
export interface AuditRoots {
  /** The root of the last day that has one. */
  newest(): Promise<KeptRoot | undefined>;
  /** Keeps a root. @returns whether its day had none */
  keep(root: AuditRoot): Promise<boolean>;
}

/** @throws {ObjectRefused} or {@link NoAnswer} from the functions that are returned; `ZodError` for a root that is none */
export const auditRootsIn = (bucket: string): AuditRoots => {
  const list = listOf(bucket);
  const get = getFrom(bucket);
  const create = createIn(bucket);
  return {
    newest: async () => {
      let day: string | undefined;
      let after: string | undefined;
      for (let more = true; more; ) {
        const page = await list({ prefix: AUDIT_ROOTS_PREFIX, after, limit: PAGE });
        for (const { key } of page.objects) day = dayOfRoot(key) ?? day;
        after = page.objects.at(-1)?.key;
        more = page.more;
      }
      if (day === undefined) return undefined;
      const document: unknown = JSON.parse((await get(keyOf(day)))?.toString() ?? 'null');
      auditRoot.parse(document);
      return { day, document };
    },
    keep: (root) => create(keyOf(root.day), canonicalJson(root), 'application/json'),
  };
};
