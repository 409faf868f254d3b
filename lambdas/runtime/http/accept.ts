/** Proactive content negotiation (RFC 9110, 12.5.1). */
import { ProblemError } from './problem.ts';

interface Range {
  readonly type: string;
  readonly weight: number;
}

const rangesOf = (accept: string): Range[] =>
  accept.split(',').map((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 };
  });

/** The weight that the most specific range gives a type. */
const weightOf = (type: string, ranges: readonly Range[]): number => {
  for (const pattern of [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']) {
    const found = ranges.find((range) => range.type === pattern);
    if (found !== undefined) return found.weight;
  }
  return 0;
};

/**
 * The media type to answer in: the heaviest of those offered, of equals the first.
 * @throws {ProblemError} `not-acceptable` naming what there is
 */
export const negotiate = <const T extends string>(accept: string, offered: readonly T[]): T => {
  const ranges = rangesOf(accept.trim() === '' ? '*/*' : accept);
  let best: T | undefined;
  let heaviest = 0;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight > heaviest) {
      heaviest = weight;
      best = type;
    }
  }
  if (best === undefined)
    throw new ProblemError('not-acceptable', { detail: `available: ${offered.join(', ')}` });
  return best;
};
