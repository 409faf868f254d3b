/** Curves of one unit over time. */
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useComputedColorScheme, useMantineTheme } from '@mantine/core';
import { useElementSize, useReducedMotion } from '@mantine/hooks';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import { texts } from '../texts.ts';
import { type Curve, isLine, joined, lineOf, qualitySpans, type Span } from './curves.ts';
import { AXIS_WIDTH } from './layout.ts';
import { axisTexts, measureText, numberText, unitText } from './numbers.ts';
import { colourOf, dashOf, inkOf } from './palette.ts';
import { gestures, type OnRange, panByHand, qualityShading } from './plugins.ts';
import { panned, zoomed } from './range.ts';
import { ticksOf } from './ticks.ts';
import { type TipRow, tooltip } from './tooltip.ts';
import { timeText } from './zone.ts';

declare global {
  interface Window {
    /** For tests: a canvas tells nothing of what is on it. */
    __charts?: Record<string, uPlot>;
  }
}

export interface ChartCurve {
  readonly curve: Curve;
  readonly label: string;
  readonly step: boolean;
  readonly resolution?: number | undefined;
  readonly hidden?: boolean;
}

interface Props {
  /** Names it for tests, and for what is said of it. */
  readonly id: string;
  readonly title: string;
  readonly curves: readonly ChartCurve[];
  /** Milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly zone: string;
  readonly height?: number;
  /** Charts with the same key have one cursor. */
  readonly sync?: string;
  readonly onRange: OnRange;
  readonly onReset?: () => void;
}

/** What is drawn at the moment; hooks of uPlot read it whenever they run. */
interface Drawn {
  curves: readonly ChartCurve[];
  spans: readonly Span[];
  rows: readonly TipRow[];
  onRange: OnRange;
  onReset: (() => void) | undefined;
  zone: string;
}

const tipOf = ({ curve, label, resolution }: ChartCurve, colour: string): TipRow => ({
  label,
  colour,
  times: curve.times,
  text: (place) => {
    const value = curve.values[place] ?? null;
    if (value === null) return undefined;
    const said = curve.quality[place] ?? '';
    const quality = said === '' || said === 'good' ? '' : ` (${said})`;
    const [min, max] = [curve.band?.min[place] ?? null, curve.band?.max[place] ?? null];
    const band =
      min === null || max === null || min === max
        ? ''
        : ` [${numberText(min, resolution)} … ${numberText(max, resolution)}]`;
    return `${measureText(value, curve.unit, resolution)}${band}${quality}`;
  },
});

const dataOf = (curves: readonly ChartCurve[]): uPlot.AlignedData =>
  joined(
    curves.map(({ curve }) => ({
      times: curve.times,
      columns: [lineOf(curve), ...(curve.band === undefined ? [] : [curve.band.min, curve.band.max])],
    })),
  ) as uPlot.AlignedData;

export const Chart = ({
  id,
  title,
  curves: given,
  from,
  to,
  zone,
  height = 220,
  sync,
  onRange,
  onReset,
}: Props) => {
  const scheme = useComputedColorScheme('light');
  const { fontFamily = 'sans-serif' } = useMantineTheme();
  const still = useReducedMotion();
  const { ref: box, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const curves = useMemo(() => given.filter(({ curve }) => isLine(curve)), [given]);
  const drawn = useRef<Drawn>({ curves, spans: [], rows: [], onRange, onReset, zone });
  drawn.current.curves = curves;
  drawn.current.onRange = onRange;
  drawn.current.onReset = onReset;
  drawn.current.zone = zone;
  const range = useRef({ from, to });
  range.current = { from, to };

  const shape = curves
    .map(({ label, step, hidden, curve }) => `${label} ${step} ${hidden} ${curve.band !== undefined}`)
    .join('|');

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart is made anew only when its shape changes; data come below
  useEffect(() => {
    if (host.current === null || width === 0) return;
    const ink = inkOf(scheme);
    const font = `12px ${fontFamily}`;
    const series: uPlot.Series[] = [{}];
    const bands: uPlot.Band[] = [];
    curves.forEach(({ label, step, hidden, curve }, place) => {
      const stroke = colourOf(place, scheme);
      const paths = step ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
      const show = hidden !== true;
      series.push({
        label,
        stroke,
        width: 1.75,
        dash: dashOf(place),
        show,
        spanGaps: false,
        ...(paths === undefined ? {} : { paths }),
        points: { show: (self, index) => pointsApart(self, index) },
      });
      if (curve.band === undefined) return;
      const at = series.length;
      for (const edge of ['min', 'max'])
        series.push({
          label: `${label} ${edge}`,
          stroke: `${stroke}66`,
          width: 1,
          show,
          spanGaps: false,
          points: { show: false },
        });
      bands.push({ series: [at + 1, at], fill: `${stroke}33` });
    });
    const options: uPlot.Options = {
      width,
      height,
      ms: 1e-3,
      legend: { show: false },
      padding: [12, 20, 0, 0],
      series,
      bands,
      scales: {
        x: { time: true, range: () => [range.current.from / 1000, range.current.to / 1000] },
        y: { range: (_self, min, max) => aroundValues(min, max) },
      },
      axes: [
        {
          stroke: ink.text,
          font,
          grid: { stroke: ink.grid, width: 1 },
          ticks: { stroke: ink.grid, width: 1 },
          size: 44,
          splits: (self, _axis, min, max) =>
            ticksOf(min * 1000, max * 1000, Math.max(2, self.width / 95), drawn.current.zone).map(
              ({ at }) => at / 1000,
            ),
          values: (self, splits) => {
            const { min = 0, max = 0 } = self.scales['x'] ?? {};
            const labels = new Map(
              ticksOf(min * 1000, max * 1000, Math.max(2, self.width / 95), drawn.current.zone).map(
                ({ at, label }) => [at / 1000, label] as const,
              ),
            );
            return splits.map((split) => labels.get(split) ?? '');
          },
        },
        {
          stroke: ink.text,
          font,
          grid: { stroke: ink.grid, width: 1 },
          ticks: { stroke: ink.grid, width: 1 },
          size: AXIS_WIDTH,
          values: (_self, splits) => axisTexts(splits),
        },
      ],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        focus: { prox: 24 },
        ...(sync === undefined ? {} : { sync: { key: sync, setSeries: false } }),
        bind: {
          mousedown: (self, _target, handler) => (event) => {
            if (!panByHand(self, event, (moved) => drawn.current.onRange(moved))) handler(event);
            return null;
          },
          dblclick: () => () => {
            drawn.current.onReset?.();
            return null;
          },
        },
      },
      hooks: {
        setSelect: [
          (self) => {
            const { left, width: wide } = self.select;
            if (wide < 4) return;
            drawn.current.onRange({
              from: Math.round(self.posToVal(left, 'x') * 1000),
              to: Math.round(self.posToVal(left + wide, 'x') * 1000),
            });
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
      plugins: [
        qualityShading(() => drawn.current.spans, ink),
        gestures((moved) => drawn.current.onRange(moved)),
        tooltip(
          () => drawn.current.rows,
          (time) => timeText(time, drawn.current.zone, range.current.to - range.current.from < 600_000),
        ),
      ],
    };
    const made = new uPlot(options, dataOf(curves), host.current);
    plot.current = made;
    window.__charts = { ...window.__charts, [id]: made };
    return () => {
      made.destroy();
      plot.current = undefined;
      if (window.__charts !== undefined) delete window.__charts[id];
    };
  }, [shape, scheme, height, width > 0, id, sync, fontFamily]);

  useEffect(() => {
    drawn.current.spans = curves.flatMap(({ curve, hidden }) => (hidden ? [] : qualitySpans(curve)));
    drawn.current.rows = curves.flatMap((each, place) =>
      each.hidden ? [] : [tipOf(each, colourOf(place, scheme))],
    );
    plot.current?.setData(dataOf(curves), true);
  }, [curves, scheme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the axis is drawn anew when the range or the zone changes
  useEffect(() => {
    plot.current?.setScale('x', { min: from / 1000, max: to / 1000 });
  }, [from, to, zone]);

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const bounds = { from, to };
    const keys: Record<string, () => void> = {
      ArrowLeft: () => onRange(panned(bounds, -0.25)),
      ArrowRight: () => onRange(panned(bounds, 0.25)),
      '+': () => onRange(zoomed(bounds, 0.5)),
      '-': () => onRange(zoomed(bounds, 2)),
      Escape: () => onReset?.(),
    };
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be of a form
    <div
      ref={box}
      className="chart"
      data-still={still}
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows and + - work on it
      tabIndex={0}
      aria-label={texts.chart.label(title, timeText(from, zone), timeText(to, zone))}
      onKeyDown={onKeyDown}
    >
      <div ref={host} style={{ height }} />
    </div>
  );
};

/** Points are marked where they stand apart from each other, so that one alone is seen. */
const pointsApart = (self: uPlot, index: number): boolean => {
  const values: ArrayLike<number | null | undefined> = self.data[index] ?? [];
  let count = 0;
  for (let place = 0; place < values.length; place += 1) if (typeof values[place] === 'number') count += 1;
  return count > 0 && self.over.clientWidth / count > 14;
};

/** Some air around the values; a line that is level stands in the middle. */
const aroundValues = (min: number | null, max: number | null): [number, number] => {
  if (min === null || max === null) return [0, 1];
  const air = max > min ? (max - min) * 0.08 : Math.max(Math.abs(max) * 0.01, 1e-9) || 1;
  return [min - air, max + air];
};

/** Title of the value axis. */
export const axisTitle = (unit: string): string => unitText(unit) || texts.chart.noUnit;
