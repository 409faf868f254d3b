/**
 * Colours and dashes of curves: Wong's palette (Nature Methods 8, 441, 2011), its light colours darkened on white and its
 * dark ones lightened on black until lines have a contrast of 3:1.
 */
const LIGHT = ['#0072b2', '#d55e00', '#007a5a', '#b0528a', '#8a6100', '#2b7fb0', '#3d3d3d', '#7a4fb5'];
const DARK = ['#56b4e9', '#f08030', '#2fc99a', '#e59cc8', '#f0c030', '#8fc7f0', '#dddddd', '#bda2f0'];
/** Curves differ in grey as well. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export type Scheme = 'light' | 'dark';

export const colourOf = (place: number, scheme: Scheme): string => {
  const palette = scheme === 'light' ? LIGHT : DARK;
  return palette[place % palette.length] ?? '#888';
};

export const dashOf = (place: number): number[] => [...(DASHES[place % DASHES.length] ?? [])];

/** What a chart is made of besides curves. */
export const inkOf = (scheme: Scheme) =>
  scheme === 'light'
    ? {
        text: '#3b4148',
        grid: '#e3e7ea',
        uncertain: 'rgba(196, 130, 0, 0.16)',
        bad: 'rgba(200, 30, 30, 0.18)',
      }
    : {
        text: '#c1c7cd',
        grid: '#33383d',
        uncertain: 'rgba(240, 180, 40, 0.18)',
        bad: 'rgba(255, 90, 90, 0.22)',
      };
