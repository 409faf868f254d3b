/** The values under the cursor, each of its own curve and no older than one step of it. */
import type uPlot from 'uplot';
import { texts } from '../texts.ts';

/** What a tooltip tells of a curve. */
export interface TipRow {
  readonly label: string;
  readonly colour: string;
  /** Milliseconds, rising. */
  readonly times: readonly number[];
  /** What is told of a place; `undefined` in a gap. */
  text(place: number): string | undefined;
}

/** Place of the nearest time. */
export const nearest = (times: readonly number[], time: number): number => {
  let [low, high] = [0, times.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle;
    else high = middle;
  }
  return Math.abs((times[high] ?? 0) - time) < Math.abs((times[low] ?? 0) - time) ? high : low;
};

/** How far a point may be from the cursor: the distance of its neighbours. */
const reach = (times: readonly number[], place: number): number => {
  const at = times[place] ?? 0;
  const before = times[place - 1];
  const after = times[place + 1];
  return Math.min(
    before === undefined ? Number.POSITIVE_INFINITY : at - before,
    after === undefined ? Number.POSITIVE_INFINITY : after - at,
  );
};

/** The value of a row at a time, or that there is none. */
export const tipText = ({ times, text }: TipRow, time: number): string => {
  if (times.length === 0) return texts.chart.noData;
  const place = nearest(times, time);
  const distance = Math.abs((times[place] ?? 0) - time);
  return (distance <= reach(times, place) ? text(place) : undefined) ?? texts.chart.noData;
};

/** Shows a tooltip beside the cursor. */
export const tooltip = (
  rows: () => readonly TipRow[],
  timeText: (millis: number) => string,
): uPlot.Plugin => {
  const box = document.createElement('div');
  box.className = 'chart-tip';
  box.hidden = true;
  return {
    hooks: {
      init: (plot) => {
        plot.over.append(box);
        plot.over.addEventListener('mouseleave', () => {
          box.hidden = true;
        });
      },
      setCursor: (plot) => {
        const { left = -1, top = 0 } = plot.cursor;
        if (left < 0) {
          box.hidden = true;
          return;
        }
        // A chart that only follows the cursor of another one shows its line, and no tooltip.
        if (!plot.over.matches(':hover')) return;
        const time = plot.posToVal(left, 'x') * 1000;
        const head = document.createElement('div');
        head.className = 'chart-tip-time';
        head.textContent = timeText(time);
        const lines = rows().map((row) => {
          const line = document.createElement('div');
          line.className = 'chart-tip-row';
          const mark = document.createElement('span');
          mark.className = 'chart-tip-mark';
          mark.style.background = row.colour;
          const name = document.createElement('span');
          name.textContent = row.label;
          const value = document.createElement('b');
          value.textContent = tipText(row, time);
          line.append(mark, name, value);
          return line;
        });
        box.replaceChildren(head, ...lines);
        box.hidden = false;
        const right = left > plot.over.clientWidth / 2;
        box.style.left = right ? '' : `${left + 14}px`;
        box.style.right = right ? `${plot.over.clientWidth - left + 14}px` : '';
        box.style.top = `${Math.max(0, Math.min(top, plot.over.clientHeight - box.offsetHeight))}px`;
      },
    },
  };
};
