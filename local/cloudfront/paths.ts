/** Paths of requests, and the patterns of behaviours that they fit. */

/** Bytes that need no percent sign, by RFC 3986. */
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/**
 * A path as CloudFront compares it with the patterns: normalized by RFC 3986. What goes to the origin stays as it was
 * sent. A slash that is encoded is no slash.
 */
export const normalized = (path: string): string => {
  const decoded = path.replaceAll(/%([\da-f]{2})/gi, (whole, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : whole.toUpperCase();
  });
  const segments: string[] = [];
  const parts = decoded.split('/').slice(1);
  parts.forEach((part, index) => {
    const isLast = index === parts.length - 1;
    if (part === '..') segments.pop();
    else if (part !== '.') segments.push(part);
    if (isLast && (part === '.' || part === '..')) segments.push('');
  });
  return `/${segments.join('/')}`;
};

/** `*` is any number of characters, slashes among them, `?` is one. */
export const patternOf = (pattern: string): ((path: string) => boolean) => {
  const whole = pattern.startsWith('/') || pattern.startsWith('*') ? pattern : `/${pattern}`;
  const source = whole
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (path) => expression.test(path);
};
