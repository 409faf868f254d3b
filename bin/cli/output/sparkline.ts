/** A line of block characters that shows the shape of numbers. */

const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * Draws numbers from the lowest block (the minimum) to the highest (the maximum).
 * @param width greatest number of characters; longer input is averaged into that many
 */
export const sparkline = (values: readonly number[], width = 60): string => {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const groups = Math.min(width, finite.length);
  const means = Array.from({ length: groups }, (_, group) => {
    const part = finite.slice(
      Math.floor((group * finite.length) / groups),
      Math.floor(((group + 1) * finite.length) / groups),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const low = Math.min(...means);
  const span = Math.max(...means) - low;
  return means
    .map((value) => BLOCKS[span === 0 ? 0 : Math.min(7, Math.floor(((value - low) / span) * 8))])
    .join('');
};
