/**
 * PostgreSQL 15: a table partitioned by month, with a b-tree index by device and time and a BRIN index by time; the
 * planner chooses.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { DEVICES, type Extent, hoursOf } from './data.ts';
import type { Peer, PeerSource } from './peer.ts';
import { Connection, columnOf } from './postgres-wire.ts';
import { type Answer, answerOf, type Question } from './questions.ts';
import { accountOf, findProgram, freePort, makeFolder, startServer } from './server.ts';

const BIN = '/usr/lib/postgresql/15/bin';
const program = findProgram(`${BIN}/postgres`);
const USER = 'bench';
const EPOCH_2000 = Date.parse('2000-01-01T00:00:00Z');
const ROW_BYTES = 32;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);

/** Settings for a server with 4 GB of memory. */
const SETTINGS = {
  listen_addresses: '',
  shared_buffers: '1GB',
  effective_cache_size: '3GB',
  work_mem: '64MB',
  maintenance_work_mem: '512MB',
  max_wal_size: '8GB',
  synchronous_commit: 'off',
  jit: 'off',
  random_page_cost: '1.1',
};

/** Rows of all hours in the binary format of COPY. */
function* rowsOf(extent: Extent): Generator<Buffer> {
  yield SIGNATURE;
  for (const { device, times, values } of hoursOf(extent)) {
    const rows = Buffer.allocUnsafe(times.length * ROW_BYTES);
    let at = 0;
    for (const [index, time] of times.entries()) {
      at = rows.writeInt16BE(3, at);
      at = rows.writeInt32BE(2, at);
      at = rows.writeInt16BE(device, at);
      at = rows.writeInt32BE(8, at);
      const micros = (time - EPOCH_2000) * 1000;
      at = rows.writeInt32BE(Math.floor(micros / 2 ** 32), at);
      at = rows.writeUInt32BE(micros % 2 ** 32, at);
      at = rows.writeInt32BE(8, at);
      at = rows.writeDoubleBE(values[index] ?? 0, at);
    }
    yield rows;
  }
  yield TRAILER;
}

const at = (time: number): string => `'${new Date(time).toISOString()}'`;

const load = async (connection: Connection, extent: Extent): Promise<void> => {
  await connection.query(
    'CREATE TABLE temp (device int2 NOT NULL, time timestamptz NOT NULL, value float8 NOT NULL) PARTITION BY RANGE (time)',
  );
  const month = new Date(extent.start);
  month.setUTCDate(1);
  for (let number = 0; month.getTime() < extent.end; number += 1) {
    const from = month.getTime();
    month.setUTCMonth(month.getUTCMonth() + 1);
    await connection.query(
      `CREATE TABLE temp_${number} PARTITION OF temp FOR VALUES FROM (${at(from)}) TO (${at(month.getTime())})`,
    );
  }
  await connection.copy('COPY temp FROM STDIN (FORMAT binary)', rowsOf(extent));
  await connection.query('CREATE INDEX ON temp (device, time)');
  await connection.query('CREATE INDEX ON temp USING brin (time)');
  await connection.query('VACUUM ANALYZE temp');
};

const textOf = ({ name, devices, from, to, every = 0 }: Question): string => {
  const range = `time >= ${at(from)} AND time < ${at(to)}`;
  const where = `device ${devices === 'first' ? '= 0' : '> 0'} AND ${range}`;
  if (name === 'raw') return `SELECT time, value FROM temp WHERE ${where} ORDER BY time`;
  if (name === 'last')
    return `SELECT d, l.value FROM generate_series(1, ${DEVICES}) d, LATERAL (SELECT value FROM temp WHERE device = d::int2 AND ${range} ORDER BY time DESC LIMIT 1) l`;
  const bucket = `date_bin('${every / 1000} seconds', time, '2000-01-01Z')`;
  return devices === 'first'
    ? `SELECT ${bucket} AS bucket, avg(value) FROM temp WHERE ${where} GROUP BY bucket ORDER BY bucket`
    : `SELECT device, avg(value), ${bucket} AS bucket FROM temp WHERE ${where} GROUP BY device, bucket ORDER BY device, bucket`;
};

const start = async (path: string): Promise<Peer> => {
  const account = accountOf('postgres');
  const folder = await makeFolder('postgres', account);
  const data = join(folder, 'data');
  const initialize = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C.UTF-8'];
  execFileSync(`${BIN}/initdb`, initialize, { cwd: folder, stdio: 'ignore', ...account });
  const port = await freePort();
  const settings = { ...SETTINGS, unix_socket_directories: folder, port: String(port) };
  let connection: Connection | undefined;
  const server = await startServer({
    program: path,
    arguments: [
      '-D',
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    folder,
    account,
    stop: 'SIGINT',
    probe: async () => {
      connection = await Connection.open(join(folder, `.s.PGSQL.${port}`), USER);
    },
  });
  if (connection === undefined) throw new Error('PostgreSQL answers without a connection');
  const opened = connection;
  return {
    name: 'PostgreSQL',
    points: 'rows of time and value as text, over a socket',
    load: (extent) => load(opened, extent),
    ask: async (question): Promise<() => Answer> => {
      const answer = await opened.query(textOf(question));
      return () => answerOf(columnOf(answer, 1));
    },
    [Symbol.asyncDispose]: async () => {
      opened.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

export const POSTGRESQL: PeerSource = {
  name: 'PostgreSQL',
  debianPackage: 'postgresql-15',
  start: program === undefined ? undefined : () => start(program),
};
