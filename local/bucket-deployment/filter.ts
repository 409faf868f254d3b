/** Which files `aws s3 sync --exclude ... --include ...` takes: of the patterns that fit a file the last one counts. */

/** `*`, `?` and `[...]` of Python's fnmatch: a slash is a character as any other. */
const patternOf = (pattern: string): RegExp => {
  if (/[[\]]/.test(pattern))
    throw new Error(`pattern ${pattern}: sets of characters are not supported locally`);
  const source = pattern
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
};

/** As the function of CDK passes them on: all exclusions, then all inclusions. */
export const filterOf = (
  exclude: readonly string[],
  include: readonly string[],
): ((path: string) => boolean) => {
  const rules = [
    ...exclude.map((pattern) => ({ fits: patternOf(pattern), takes: false })),
    ...include.map((pattern) => ({ fits: patternOf(pattern), takes: true })),
  ];
  return (path) => rules.findLast(({ fits }) => fits.test(path))?.takes ?? true;
};
