/** Labels as people type them: a line each, name and value with a colon between. */

type Labels = Readonly<Record<string, string | undefined>>;

export const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

/** @returns `undefined` while a line has no name or no value, or a name comes twice */
export const labelsOf = (text: string): Record<string, string> | undefined => {
  const labels: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, name, value] = /^\s*([^:\s]+)\s*:\s*(\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined || Object.hasOwn(labels, name)) return undefined;
    labels[name] = value;
  }
  return labels;
};

/** What a merge patch needs to make one out of the other: `null` removes. */
export const labelsPatch = (before: Labels, now: Labels): Record<string, string | null> =>
  Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(now)])]
      .filter((name) => before[name] !== now[name])
      .map((name) => [name, now[name] ?? null]),
  );
