/** Width of the value axis: the same for all, so that charts and lanes stand under each other. */
export const AXIS_WIDTH = 64;
