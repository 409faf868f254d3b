/** Tables for people: columns aligned, control characters of foreign text made harmless. */

/** Replaces characters that would move the cursor or colour the terminal. */
// The range is the point: C0, DEL and C1 controls.
export const harmless = (text: string): string => text.replace(/[^\P{Cc}]/gu, '\u{fffd}');

/**
 * Lays rows out under headings.
 * @returns lines without a trailing newline
 */
export const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string => {
  const clean = rows.map((row) => row.map(harmless));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...clean.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings.map((heading) => heading.toUpperCase())), ...clean.map(line)].join('\n');
};
