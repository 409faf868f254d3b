/** Messages of ten measurements, built as text: cheap for the publisher. */
import { commandDeclarations } from '../../../contracts/resources/command-declarations.ts';
import type { InstrumentTypeInput } from '../../../contracts/resources/instrument-types.ts';
import { type Format, STEP_MS, TIMES } from './plan.ts';

export const SENSOR: InstrumentTypeInput = {
  id: 'sensor',
  name: 'Sensor',
  channels: {
    temp: { unit: 'Cel', type: 'number', kind: 'continuous', range: { min: 0, max: 50 } },
    humidity: { unit: '%', type: 'number', kind: 'continuous', range: { min: 0, max: 100 } },
  },
  commands: commandDeclarations.parse({ check: {} }),
};

/** A slow wave with noise in the last digits. */
const VALUES = Array.from({ length: 997 }, (_, at) =>
  (22 + 3 * Math.sin(at / 50) + ((at * 7919) % 100) / 1000).toFixed(3),
);
const valueAt = (at: number): string => VALUES[at % VALUES.length] ?? '';

/**
 * @param start milliseconds since the epoch of the first point of message 0
 * @param salt gives each device other values
 */
export const messageOf = (format: Format, seq: number, start: number, salt: number, ack: boolean): string => {
  const first = start + seq * TIMES * STEP_MS;
  const place = seq * TIMES + salt;
  const head = `{"v":1,"session":"bench","seq":${seq}${ack ? ',"ack":true' : ''}`;
  if (format === 'columns') {
    let times = `${first}`;
    let temp = valueAt(place);
    let humidity = valueAt(place + 31);
    for (let at = 1; at < TIMES; at++) {
      times += `,${first + at * STEP_MS}`;
      temp += `,${valueAt(place + at)}`;
      humidity += `,${valueAt(place + at + 31)}`;
    }
    return `${head},"t":[${times}],"c":{"temp":{"u":"Cel","v":[${temp}]},"humidity":{"u":"%","v":[${humidity}]}}}`;
  }
  let rows = '';
  for (let at = 0; at < TIMES; at++) {
    const time = new Date(first + at * STEP_MS).toISOString();
    rows += `${at === 0 ? '' : ','}{"n":"temp","t":"${time}","v":${valueAt(place + at)}}`;
    rows += `,{"n":"humidity","t":"${time}","v":${valueAt(place + at + 31)}}`;
  }
  return `${head},"data":[${rows}]}`;
};
