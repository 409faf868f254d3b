/**
 * The data that the target is about: 100 series of 50 000 points, one a second ± 20 ms (uniform), a sinusoid with
 * normal noise at three decimals. Each series has its own times. Seeded: every run measures the same data.
 */
import { MICROS_PER_HOUR, MICROS_PER_SECOND, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';

export const SERIES = 100;
export const POINTS = 50_000;
const START = Date.UTC(2026, 2, 1) * 1000;
const JITTER_MILLIS = 20;
/** Standard deviation. With it VictoriaMetrics 1.79 needs 1.71 bytes a point, which is what it is known for. */
const NOISE = 0.013;

const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Each time is off from a regular clock, or each interval is: then the errors add up. */
export type Jitter = 'clock' | 'intervals';

/** One series, cut into hours. */
export const seriesOf = (
  index: number,
  jitter: Jitter,
): { readonly hour: Micros; readonly column: SeriesColumn }[] => {
  const random = randomFrom(index + 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const [base, amplitude, period] = [20 + 80 * random(), 1 + 9 * random(), 600 + 6600 * random()];
  const hours: { hour: Micros; column: SeriesColumn & { time: Micros[]; value: number[] } }[] = [];
  let time = START;
  for (let at = 0; at < POINTS; at += 1) {
    const off = Math.round((2 * random() - 1) * JITTER_MILLIS) * 1000;
    time = (jitter === 'clock' ? START + at * MICROS_PER_SECOND : time + MICROS_PER_SECOND) + off;
    const hour = Math.floor(time / MICROS_PER_HOUR) * MICROS_PER_HOUR;
    let last = hours.at(-1);
    if (last?.hour !== hour) {
      last = {
        hour,
        column: { channel: 'temp', type: 'number', unit: 'Cel', time: [], value: [], quality: undefined },
      };
      hours.push(last);
    }
    last.column.time.push(time);
    const value = base + amplitude * Math.sin((2 * Math.PI * at) / period) + NOISE * normal();
    last.column.value.push(Math.round(value * 1000) / 1000);
  }
  return hours;
};
