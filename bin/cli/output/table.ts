/** Tables for people, without control characters of foreign text. */

/** Replaces characters that would move the cursor or colour the terminal. */
// C0, DEL and C1 control characters.
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
