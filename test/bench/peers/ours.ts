/** labgate: through the API of the local gateway, and by the exported handler of `query-api` alone. */
import { tableFromIPC } from 'apache-arrow';
import { instrumentType } from '../../../contracts/resources/instrument-types.ts';
import { encodeMessage } from '../../../payload/encode.ts';
import { openHandler } from '../aws/ask-handler.ts';
import { callCompaction, compactAll } from '../aws/compact.ts';
import { type LoadedLab, openLoadedLab } from '../aws/lab.ts';
import { type HourOfChannel, storeHours } from '../aws/load.ts';
import { recordOf, take } from '../aws/records.ts';
import { MADE } from '../aws/registry.ts';
import { DEVICES, type Extent, HOUR, hourOf, hoursOf, nameOf } from './data.ts';
import { ask, type Bytes } from './http.ts';
import type { Peer } from './peer.ts';
import { type Answer, answerOf, type Question } from './questions.ts';

const CHANNEL = 'temp';
const TYPE = instrumentType.parse({
  id: 'bench',
  name: 'Bench',
  version: 1,
  ...MADE,
  channels: { [CHANNEL]: { unit: 'Cel', type: 'number', kind: 'continuous' } },
});
const EVERYONE = Array.from({ length: DEVICES + 1 }, (_, device) => nameOf(device));
const FLEET = EVERYONE.slice(1);

function* hoursOfChannels(extent: Extent): Generator<HourOfChannel> {
  for (const { device, start, times, values } of hoursOf(extent))
    yield {
      device: nameOf(device),
      channel: CHANNEL,
      unit: 'Cel',
      hour: start * 1000,
      times: Array.from(times, (time) => time * 1000),
      values: Array.from(values),
    };
}

/** Sends the last point of each device through `ingest`, which stores it as the latest. */
const ingestLast = async (extent: Extent): Promise<void> => {
  const { handler } = await import('../../../lambdas/functions/ingest/handler.ts');
  const second = Math.floor(Date.now() / 1000);
  const records = EVERYONE.map((name, device) => {
    const { times, values } = hourOf(extent, device, extent.end - HOUR);
    const point = { channel: CHANNEL, time: (times.at(-1) ?? 0) * 1000, value: values.at(-1) ?? 0 };
    return recordOf(name, second, encodeMessage({ session: 'bench', seq: 1, points: [point] }, 'rows'));
  });
  await take(handler, records);
};

const iso = (time: number): string => new Date(time).toISOString();

/** Path and query of a question. */
export const pathOf = ({ name, devices, from, to, every = 0 }: Question): string => {
  const common = { channels: CHANNEL, from: iso(from), to: iso(to), layout: 'columns', limit: '50000' };
  const buckets = { ...common, every: `PT${every / 1000}S`, agg: 'mean' };
  if (name === 'raw') return `/v1/devices/${nameOf(0)}/series?${new URLSearchParams(common)}`;
  if (name === 'last') {
    const at = { devices: FLEET.join(), channels: CHANNEL, at: iso(to) };
    return `/v1/snapshot?${new URLSearchParams(at)}`;
  }
  return devices === 'first'
    ? `/v1/devices/${nameOf(0)}/series?${new URLSearchParams(buckets)}`
    : `/v1/series?${new URLSearchParams({ ...buckets, devices: FLEET.join() })}`;
};

interface Page {
  readonly next: string | null;
  readonly items?: readonly { readonly v: number }[];
  readonly columns?: { readonly v?: readonly number[]; readonly mean?: readonly number[] };
}

const read = (bytes: Bytes) => (): Answer => {
  const { next, items, columns } = JSON.parse(bytes().toString()) as Page;
  if (next !== null) throw new Error('the answer has more pages than one');
  return answerOf(columns?.mean ?? columns?.v ?? (items ?? []).map(({ v }) => v));
};

const COLUMNS = 'JSON lists of times, channels, values, units and qualities';
const ARROW = 'application/vnd.apache.arrow.stream';

const readArrow = (bytes: Bytes) => (): Answer => answerOf(tableFromIPC(bytes()).getChild('value') ?? []);

export interface Ours extends AsyncDisposable {
  readonly lab: LoadedLab;
  readonly api: Peer;
  /** The same as `api`, with points as Arrow. */
  readonly arrow: Peer;
  readonly handler: Peer;
}

/** @param assembly folder of synthesized templates */
export const openOurs = async (assembly: string): Promise<Ours> => {
  const lab = await openLoadedLab(assembly, TYPE, EVERYONE);
  const askHandler = await openHandler();
  const headers = { authorization: `Bearer ${await lab.token()}` };
  const close = async () => undefined;
  const load = async (extent: Extent) => {
    await storeHours({ client: lab.dynamo, table: lab.measurementsTable }, hoursOfChannels(extent));
    await ingestLast(extent);
    await compactAll(callCompaction);
  };
  return {
    lab,
    api: {
      name: 'labgate',
      points: COLUMNS,
      load,
      ask: async (question) => read(await ask(`${lab.api}${pathOf(question)}`, { headers })),
      [Symbol.asyncDispose]: close,
    },
    arrow: {
      name: 'labgate',
      points: 'Arrow',
      load,
      ask: async (question) =>
        readArrow(await ask(`${lab.api}${pathOf(question)}`, { headers: { ...headers, accept: ARROW } })),
      [Symbol.asyncDispose]: close,
    },
    handler: {
      name: 'labgate, handler alone',
      points: COLUMNS,
      load,
      ask: async (question) => {
        const bytes = await askHandler(pathOf(question));
        return read(() => bytes);
      },
      [Symbol.asyncDispose]: close,
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
};
