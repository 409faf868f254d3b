/** Times as text, many in a row: what two times share is written once. */
import { formatTime, MICROS_PER_SECOND, type Micros } from '../../contracts/time.ts';

let second = Number.NaN;
let start = '';

/** As `formatTime`, faster for times that lie close to each other. */
export const textOfTime = (time: Micros): string => {
  const whole = Math.floor(time / MICROS_PER_SECOND);
  if (whole !== second) {
    second = whole;
    start = formatTime(whole * MICROS_PER_SECOND).slice(0, -4);
  }
  const micros = time - whole * MICROS_PER_SECOND;
  if (micros % 1000 === 0) return `${start}${String(micros / 1000).padStart(3, '0')}Z`;
  return `${start}${String(micros).padStart(6, '0')}Z`;
};
