/** Pages of lists. */
import { jsonResponse } from './api.ts';
import { writeCursor } from './cursor.ts';

/** The address of the next page: the same query with another cursor. */
export const nextLink = (url: URL, cursor: string): string => {
  const next = new URL(url);
  next.searchParams.set('cursor', cursor);
  return `<${next.pathname}${next.search}>; rel="next"`;
};

/**
 * A page as it goes out: `next` is always there, `null` at the end, and led to by `Link` as well.
 * @param query what the cursor is bound to
 * @param position where the next page starts, or `undefined` at the end
 */
export const pageResponse = (
  url: URL,
  query: unknown,
  page: { readonly items: readonly unknown[]; readonly position: unknown },
): Response => {
  const next = page.position === undefined ? null : writeCursor(query, page.position);
  return jsonResponse({ items: page.items, next }, 200, next === null ? {} : { link: nextLink(url, next) });
};
