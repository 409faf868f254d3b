/** Cross-origin answers: to pages of the origins that the settings of a stage name, and to no others. */
import * as z from 'zod';
import { CORS_ANSWER_HEADERS } from '../../../contracts/deployment/security-headers.ts';

const origins = z.array(z.string());

/** Reads the variable `ALLOWED_ORIGINS`. */
export const parseOrigins = (json: string): ReadonlySet<string> => new Set(origins.parse(JSON.parse(json)));

/**
 * Says in an answer that a page may read it. Credentials such as cookies are never allowed: there are none.
 * @param origin `Origin` of the request
 */
export const allowOrigin = (headers: Headers, origin: string | null, allowed: ReadonlySet<string>): void => {
  if (allowed.size === 0) return;
  // Whoever keeps the answer keeps it for this origin alone.
  headers.append('vary', 'Origin');
  if (origin === null || !allowed.has(origin)) return;
  headers.set('access-control-allow-origin', origin);
  headers.set('access-control-expose-headers', CORS_ANSWER_HEADERS.join(', '));
};
