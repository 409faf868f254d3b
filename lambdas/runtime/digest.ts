/** Digests of requests: the same request gives the same text, however its members are ordered. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical-json.ts';

/**
 * SHA-256 over the canonical JSON of a value, in base64url.
 * @throws {NotCanonical} for what JSON does not hold
 */
export const digest = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64url');
