/** Versions as strong entity tags (RFC 9110), and the changes that depend on them. */
import { ProblemError } from './problem.ts';

/** The ETag of a version. */
export const etagOf = (version: number): string => `"${version}"`;

/**
 * Checks `If-Match` against a version. Weak tags never match, `*` always does.
 * @throws {ProblemError} `precondition-required` without the header, `precondition-failed` when it names another
 * version
 */
export const requireMatch = (ifMatch: string | undefined, version: number): void => {
  if (ifMatch === undefined) throw new ProblemError('precondition-required');
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes('*') && !tags.includes(etagOf(version)))
    throw new ProblemError('precondition-failed', { headers: { etag: etagOf(version) } });
};
