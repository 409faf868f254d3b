/** Wildcards of policies: `*` stands for any characters, `?` for one. */

/** A test for one pattern. Patterns without wildcards are compared as text. */
export function matcher(pattern: string, ignoreCase = false): (value: string) => boolean {
  if (pattern === '*') {
    return () => true;
  }
  if (!/[*?]/.test(pattern)) {
    const wanted = ignoreCase ? pattern.toLowerCase() : pattern;
    return ignoreCase ? (value) => value.toLowerCase() === wanted : (value) => value === wanted;
  }
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
  return (value) => expression.test(value);
}

/**
 * A test for an ARN pattern: wildcards of one of the six colon-separated parts do not reach into the next,
 * except in the last part, which is the resource itself.
 */
export function arnMatcher(pattern: string): (value: string) => boolean {
  if (pattern === '*') {
    return () => true;
  }
  const wanted = parts(pattern).map((part) => matcher(part));
  return (value) => {
    const given = parts(value);
    return given.length === wanted.length && wanted.every((matches, i) => matches(given[i] ?? ''));
  };
}

function parts(arn: string): readonly string[] {
  const pieces = arn.split(':');
  return pieces.length <= 6 ? pieces : [...pieces.slice(0, 5), pieces.slice(5).join(':')];
}
