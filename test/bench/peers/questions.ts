/** The questions to all stores, and the right answers. */
import { DAY, DEVICES, type Extent, HOUR, hourOf } from './data.ts';

export type QuestionName = 'raw' | 'minutes' | 'last' | 'days' | 'fleet';

/** A range of device 0, or of devices 1 to 100, as points or as means of buckets. Milliseconds. */
export interface Question {
  readonly name: QuestionName;
  readonly title: string;
  readonly devices: 'first' | 'fleet';
  readonly from: number;
  readonly to: number;
  /** Width of a bucket; absent: points, or of `last` the newest of each device. */
  readonly every?: number;
}

/** How many values an answer has, and their sum. */
export interface Answer {
  readonly rows: number;
  readonly sum: number;
}

const RAW_POINTS = 50_000;
const MINUTE = 60_000;

export const questionsOf = (extent: Extent): readonly Question[] => {
  const { start, end, days } = extent;
  // Starts inside an hour and a minute, so that no store can use whole ones only.
  const from = end - 2 * DAY + 3 * HOUR + 7 * MINUTE + 11_000;
  const minute = Math.floor(from / MINUTE) * MINUTE;
  const first = { devices: 'first' } as const;
  const fleet = { devices: 'fleet', from: end - DAY, to: end } as const;
  return [
    { name: 'raw', title: '50 000 points', ...first, from, to: from + RAW_POINTS * 1000 },
    {
      name: 'minutes',
      title: '14 h by minute',
      ...first,
      from: minute,
      to: minute + 14 * HOUR,
      every: MINUTE,
    },
    { name: 'last', title: `last of ${DEVICES} devices`, ...fleet },
    { name: 'days', title: `${days} d by day`, ...first, from: start, to: end, every: DAY },
    { name: 'fleet', title: `${DEVICES} devices, a day by 5 min`, ...fleet, every: 5 * MINUTE },
  ];
};

const devicesOf = ({ devices }: Question): number[] =>
  devices === 'first' ? [0] : Array.from({ length: DEVICES }, (_, at) => at + 1);

/** The right answer, computed from the generated data. */
export const expected = (extent: Extent, question: Question): Answer => {
  const { name, from, to, every } = question;
  let rows = 0;
  let sum = 0;
  for (const device of devicesOf(question)) {
    let bucket = Number.NaN;
    let [total, count, newest] = [0, 0, 0];
    const close = () => {
      if (count === 0) return;
      rows += 1;
      sum += total / count;
    };
    for (let hour = Math.floor(from / HOUR) * HOUR; hour < to; hour += HOUR) {
      const { times, values } = hourOf(extent, device, hour);
      for (const [at, time] of times.entries()) {
        if (time < from || time >= to) continue;
        const value = values[at] ?? 0;
        newest = value;
        if (name === 'raw') {
          rows += 1;
          sum += value;
        }
        if (every === undefined) continue;
        const place = Math.floor(time / every);
        if (place !== bucket) {
          close();
          [bucket, total, count] = [place, 0, 0];
        }
        total += value;
        count += 1;
      }
    }
    close();
    if (name === 'last') {
      rows += 1;
      sum += newest;
    }
  }
  return { rows, sum };
};

/** @throws Error when an answer is wrong */
export const check = (who: string, question: Question, answer: Answer, right: Answer): void => {
  const error = Math.abs(answer.sum - right.sum) / Math.abs(right.sum);
  if (answer.rows !== right.rows || !(error < 1e-9))
    throw new Error(
      `${who} answers ${question.name} with ${answer.rows} values of the sum ${answer.sum} instead of ${right.rows} of ${right.sum}`,
    );
};

/** Counts and sums the values of an answer. */
export const answerOf = (values: Iterable<number>): Answer => {
  let [rows, sum] = [0, 0];
  for (const value of values) {
    rows += 1;
    sum += value;
  }
  return { rows, sum };
};
