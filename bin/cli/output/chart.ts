/** Line charts for the terminal, in braille characters of two by four dots. */

/** A line of a chart. Times ascend. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export interface ChartOptions {
  /** Characters across, with the labels of the axis. */
  readonly width: number;
  /** Lines of text, without the axis. */
  readonly height: number;
  /** Whether lines have colours. */
  readonly colour: boolean;
  /** Formats the times at the ends of the axis. */
  readonly timeText: (time: number) => string;
}

const BRAILLE = 0x2800;
/** The bit of each dot of a character, by column and row. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const COLOURS = [36, 33, 35, 32, 34, 31] as const;

class Canvas {
  private readonly dots: Uint8Array;
  private readonly owner: Int8Array;
  readonly columns: number;
  readonly rows: number;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.dots = new Uint8Array(columns * rows);
    this.owner = new Int8Array(columns * rows).fill(-1);
  }

  dot(x: number, y: number, line: number): void {
    const cell = (y >> 2) * this.columns + (x >> 1);
    this.dots[cell] = (this.dots[cell] ?? 0) | (DOTS[x & 1]?.[y & 3] ?? 0);
    this.owner[cell] = line;
  }

  /** Draws a line between two dots (Bresenham). */
  stroke(
    [fromX, fromY]: readonly [number, number],
    [toX, toY]: readonly [number, number],
    line: number,
  ): void {
    const [width, height] = [Math.abs(toX - fromX), Math.abs(toY - fromY)];
    const [stepX, stepY] = [fromX < toX ? 1 : -1, fromY < toY ? 1 : -1];
    let [x, y, error] = [fromX, fromY, width - height];
    for (;;) {
      this.dot(x, y, line);
      if (x === toX && y === toY) return;
      const twice = 2 * error;
      if (twice > -height) {
        error -= height;
        x += stepX;
      }
      if (twice < width) {
        error += width;
        y += stepY;
      }
    }
  }

  row(at: number, paint: (text: string, line: number) => string): string {
    let text = '';
    for (let column = 0; column < this.columns; column += 1) {
      const cell = at * this.columns + column;
      const dots = this.dots[cell] ?? 0;
      text += dots === 0 ? ' ' : paint(String.fromCharCode(BRAILLE + dots), this.owner[cell] ?? 0);
    }
    return text.trimEnd();
  }
}

const label = (value: number): string => String(Number(value.toPrecision(5)));

/**
 * Draws lines over a time axis and a value axis.
 * @returns lines of text; empty when there is nothing to draw
 */
export const chart = (lines: readonly Line[], options: ChartOptions): string => {
  const drawn = lines.map((line) => ({ ...line, points: line.points.filter(([, v]) => Number.isFinite(v)) }));
  const all = drawn.flatMap(({ points }) => points);
  const [first] = all;
  if (first === undefined) return '';
  let [from, to, low, high] = [first[0], first[0], first[1], first[1]];
  for (const [time, value] of all) {
    from = Math.min(from, time);
    to = Math.max(to, time);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const [top, bottom] = [label(high), label(low)];
  const margin = Math.max(top.length, bottom.length);
  const canvas = new Canvas(Math.max(10, options.width - margin - 2), Math.max(2, options.height));
  const place = ([time, value]: readonly [number, number]): readonly [number, number] => [
    to === from ? 0 : Math.round(((time - from) / (to - from)) * (canvas.columns * 2 - 1)),
    high === low ? canvas.rows * 2 : Math.round(((high - value) / (high - low)) * (canvas.rows * 4 - 1)),
  ];
  for (const [index, { points }] of drawn.entries()) {
    let before: readonly [number, number] | undefined;
    for (const point of points) {
      const now = place(point);
      canvas.stroke(before ?? now, now, index);
      before = now;
    }
  }
  const paint = (text: string, line: number): string =>
    options.colour ? `\u{1b}[${COLOURS[line % COLOURS.length]}m${text}\u{1b}[39m` : text;
  const rows = Array.from({ length: canvas.rows }, (_, at) => {
    const text = at === 0 ? top : at === canvas.rows - 1 ? bottom : '';
    return `${text.padStart(margin)} ┤${canvas.row(at, paint)}`;
  });
  const [start, end] = [options.timeText(from), options.timeText(to)];
  const space = Math.max(1, canvas.columns - start.length - end.length);
  const legend = drawn.map(({ name }, index) => paint(`─ ${name}`, index)).join('   ');
  return [
    ...rows,
    `${' '.repeat(margin)} └${'─'.repeat(canvas.columns)}`,
    `${' '.repeat(margin + 2)}${start}${' '.repeat(space)}${end}`,
    `${' '.repeat(margin + 2)}${legend}`,
  ].join('\n');
};
