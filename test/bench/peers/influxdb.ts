/** InfluxDB 1.6 with its TSM engine and TSI index, asked in InfluxQL. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Extent, hoursOf, nameOf } from './data.ts';
import { ask } from './http.ts';
import type { Peer, PeerSource } from './peer.ts';
import { type Answer, answerOf, type Question } from './questions.ts';
import { findProgram, freePort, makeFolder, startServer } from './server.ts';

const program = findProgram('/usr/bin/influxd');
/** Some 10 000 lines a request, as its manual advises. */
const HOURS_A_REQUEST = 3;

const configuration = (folder: string, http: number, rpc: number): string => `
reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
  index-version = "tsi1"
  cache-snapshot-write-cold-duration = "2s"
[http]
  bind-address = "127.0.0.1:${http}"
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
`;

interface Results {
  readonly results: readonly {
    readonly error?: string;
    readonly series?: readonly { readonly values: readonly (readonly [number, number | null])[] }[];
  }[];
}

const query = async (url: string, text: string): Promise<() => Answer> => {
  const parameters = new URLSearchParams({ db: 'bench', epoch: 'ms', q: text });
  const bytes = await ask(`${url}/query?${parameters}`);
  return () => {
    const [result] = (JSON.parse(bytes().toString()) as Results).results;
    if (result?.error !== undefined) throw new Error(`InfluxDB: ${result.error}`);
    return answerOf(
      (result?.series ?? []).flatMap(({ values }) =>
        values.flatMap(([, value]) => (value === null ? [] : [value])),
      ),
    );
  };
};

const load = async (url: string, extent: Extent): Promise<void> => {
  await ask(`${url}/query?${new URLSearchParams({ q: 'CREATE DATABASE bench' })}`, { method: 'POST' });
  let lines: string[] = [];
  let hours = 0;
  const send = async () => {
    const body = lines.join('\n');
    [lines, hours] = [[], 0];
    if (body !== '') await ask(`${url}/write?db=bench&precision=ms`, { method: 'POST', body });
  };
  for (const { device, times, values } of hoursOf(extent)) {
    const head = `temp,device=${nameOf(device)} v=`;
    for (const [at, time] of times.entries()) lines.push(`${head}${values[at]} ${time}`);
    hours += 1;
    if (hours === HOURS_A_REQUEST) await send();
  }
  await send();
};

const textOf = ({ name, devices, from, to, every = 0 }: Question): string => {
  const who = devices === 'first' ? `device = '${nameOf(0)}'` : `device != '${nameOf(0)}'`;
  const where = `FROM temp WHERE ${who} AND time >= ${from}ms AND time < ${to}ms`;
  if (name === 'raw') return `SELECT v ${where}`;
  if (name === 'last') return `SELECT last(v) ${where} GROUP BY device`;
  const group = devices === 'first' ? '' : ', device';
  return `SELECT mean(v) ${where} GROUP BY time(${every}ms)${group}`;
};

const start = async (path: string): Promise<Peer> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = await makeFolder('influx');
  const file = join(folder, 'influxdb.conf');
  await writeFile(file, configuration(folder, port, await freePort()));
  const server = await startServer({
    program: path,
    arguments: ['run', '-config', file],
    folder,
    probe: () => ask(`${url}/ping`),
  });
  return {
    name: 'InfluxDB',
    points: 'JSON rows of time and value',
    load: (extent) => load(url, extent),
    ask: (question) => query(url, textOf(question)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

export const INFLUXDB: PeerSource = {
  name: 'InfluxDB',
  debianPackage: 'influxdb',
  start: program === undefined ? undefined : () => start(program),
};
