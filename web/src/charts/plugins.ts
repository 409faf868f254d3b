/** What charts do besides drawing curves: shading, pinching, moving by hand. */
import type uPlot from 'uplot';
import type { Span } from './curves.ts';
import { type Bounds, panned, zoomed } from './range.ts';

interface Shades {
  readonly uncertain: string;
  readonly bad: string;
}

/** Shades the times in which quality was not good, behind the curves; a point alone gets three pixels. */
export const qualityShading = (spans: () => readonly Span[], shades: Shades): uPlot.Plugin => ({
  hooks: {
    drawClear: (plot) => {
      const { ctx, bbox } = plot;
      for (const { from, to, what } of spans()) {
        const left = Math.max(bbox.left, plot.valToPos(from / 1000, 'x', true));
        const right = Math.min(bbox.left + bbox.width, plot.valToPos(to / 1000, 'x', true));
        if (right < left) continue;
        ctx.fillStyle = what.startsWith('bad') ? shades.bad : shades.uncertain;
        ctx.fillRect(left, bbox.top, Math.max(3, right - left), bbox.height);
      }
    },
  },
});

export type OnRange = (range: Bounds) => void;

const boundsOfScale = (plot: uPlot): Bounds => ({
  from: (plot.scales['x']?.min ?? 0) * 1000,
  to: (plot.scales['x']?.max ?? 0) * 1000,
});

/** Two fingers zoom, the wheel with Ctrl zooms, dragging with Shift moves; one finger scrolls the page. */
export const gestures = (onRange: OnRange): uPlot.Plugin => ({
  hooks: {
    ready: (plot) => {
      const { over } = plot;
      over.style.touchAction = 'pan-y';
      let pinch:
        | { readonly apart: number; readonly at: number; readonly from: number; readonly to: number }
        | undefined;
      const apart = ([a, b]: readonly Touch[]): number =>
        Math.abs((a?.clientX ?? 0) - (b?.clientX ?? 0)) || 1;
      over.addEventListener(
        'touchstart',
        (event) => {
          const touches = [...event.touches];
          if (touches.length !== 2) return;
          const { left, width } = over.getBoundingClientRect();
          const middle = ((touches[0]?.clientX ?? 0) + (touches[1]?.clientX ?? 0)) / 2;
          pinch = { apart: apart(touches), at: (middle - left) / width, ...boundsOfScale(plot) };
        },
        { passive: true },
      );
      over.addEventListener(
        'touchmove',
        (event) => {
          if (pinch === undefined || event.touches.length !== 2) return;
          event.preventDefault();
          onRange(zoomed(pinch, pinch.apart / apart([...event.touches]), pinch.at));
        },
        { passive: false },
      );
      over.addEventListener('touchend', () => {
        pinch = undefined;
      });
      over.addEventListener(
        'wheel',
        (event) => {
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          const { left, width } = over.getBoundingClientRect();
          onRange(zoomed(boundsOfScale(plot), event.deltaY > 0 ? 1.25 : 0.8, (event.clientX - left) / width));
        },
        { passive: false },
      );
    },
  },
});

/** Moves the chart by dragging with Shift. @returns whether the press was taken */
export const panByHand = (plot: uPlot, event: MouseEvent, onRange: OnRange): boolean => {
  if (!event.shiftKey) return false;
  const start = { x: event.clientX, width: plot.over.clientWidth, ...boundsOfScale(plot) };
  const move = (moved: MouseEvent): void => onRange(panned(start, (start.x - moved.clientX) / start.width));
  const end = (): void => {
    document.removeEventListener('mousemove', move);
    document.removeEventListener('mouseup', end);
  };
  document.addEventListener('mousemove', move);
  document.addEventListener('mouseup', end);
  return true;
};
