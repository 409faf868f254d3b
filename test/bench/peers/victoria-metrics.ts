/** VictoriaMetrics, single node. Its cache of results is off: it would answer without reading. */
import { type Extent, hoursOf, nameOf } from './data.ts';
import { ask, type Bytes } from './http.ts';
import type { Peer, PeerSource } from './peer.ts';
import { type Answer, answerOf, type Question } from './questions.ts';
import { findProgram, freePort, makeFolder, startServer } from './server.ts';

const program = findProgram('/usr/bin/victoria-metrics');
const HOURS_A_REQUEST = 24;

/** As `/api/v1/query_range` and `/api/v1/query` answer. */
interface Vectors {
  readonly data: {
    readonly result: readonly {
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

const load = async (url: string, extent: Extent): Promise<void> => {
  let lines: string[] = [];
  const send = async () => {
    if (lines.length > 0) await ask(`${url}/api/v1/import`, { method: 'POST', body: lines.join('\n') });
    lines = [];
  };
  for (const { device, times, values } of hoursOf(extent)) {
    const metric = `{"__name__":"temp","device":"${nameOf(device)}"}`;
    lines.push(`{"metric":${metric},"values":[${values.join()}],"timestamps":[${times.join()}]}`);
    if (lines.length === HOURS_A_REQUEST) await send();
  }
  await send();
  await ask(`${url}/internal/force_flush`);
  await ask(`${url}/internal/force_merge`);
};

const readVectors = (bytes: Bytes) => (): Answer => {
  const { data } = JSON.parse(bytes().toString()) as Vectors;
  return answerOf(
    data.result.flatMap(({ value, values = value === undefined ? [] : [value] }) =>
      values.map(([, text]) => Number(text)),
    ),
  );
};

const readExport = (bytes: Bytes) => (): Answer =>
  answerOf(
    bytes()
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => (JSON.parse(line) as { readonly values: readonly number[] }).values),
  );

const askOne = async (url: string, question: Question): Promise<() => Answer> => {
  const { name, from, to, every = 0 } = question;
  const metric = question.devices === 'first' ? `temp{device="${nameOf(0)}"}` : 'temp{device!="sensor-0"}';
  const query = (path: string, fields: Readonly<Record<string, string>>) =>
    ask(`${url}${path}?${new URLSearchParams(fields)}`);
  if (name === 'raw')
    return readExport(
      await query('/api/v1/export', {
        'match[]': metric,
        start: `${from / 1000}`,
        end: `${(to - 1) / 1000}`,
      }),
    );
  if (name === 'last')
    return readVectors(await query('/api/v1/query', { query: metric, time: `${to / 1000}`, nocache: '1' }));
  const seconds = every / 1000;
  return readVectors(
    await query('/api/v1/query_range', {
      query: `avg_over_time(${metric}[${seconds}s])`,
      // The value at a time is that of the window which ends there.
      start: `${from / 1000 + seconds}`,
      end: `${to / 1000}`,
      step: `${seconds}`,
      nocache: '1',
    }),
  );
};

const start = async (path: string): Promise<Peer> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = await makeFolder('victoria');
  const server = await startServer({
    program: path,
    arguments: [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-storageDataPath=${folder}/data`,
      '-retentionPeriod=100y',
      // A year at 1 Hz is more than it reads of one series unless told.
      '-search.maxSamplesPerSeries=100000000',
    ],
    folder,
    stop: 'SIGINT',
    probe: () => ask(`${url}/health`),
  });
  return {
    name: 'VictoriaMetrics',
    points: 'JSON lists of times and values',
    load: (extent) => load(url, extent),
    ask: (question) => askOne(url, question),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

export const VICTORIA_METRICS: PeerSource = {
  name: 'VictoriaMetrics',
  debianPackage: 'victoria-metrics',
  start: program === undefined ? undefined : () => start(program),
};
