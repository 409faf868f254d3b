/**
 * The same questions to labgate and to other stores with the same data, in one run. A time ends with the last byte of
 * the answer; figures are medians, after the same warm-up for all. The other stores are asked over HTTP or SQL without
 * access control. labgate is asked through the local gateway (token, API, worker, IAM policies, DynamoDB endpoint),
 * and once more by its handler alone, in this process.
 *
 * Each store is a process of its own and has the computer to itself: it is started, loaded, asked and stopped before
 * the next one. `--scale` is the part of a year that device 0 measured; `--scale 1` takes some minutes longer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesizeTo } from '../support/assembly.ts';
import { atMost, type Figure, inform } from './figure.ts';
import { type Extent, extentOf, pointsOf } from './peers/data.ts';
import { closeConnections } from './peers/http.ts';
import { INFLUXDB } from './peers/influxdb.ts';
import { openOurs } from './peers/ours.ts';
import type { Peer, PeerSource } from './peers/peer.ts';
import { POSTGRESQL } from './peers/postgres.ts';
import {
  type Answer,
  check,
  expected,
  type Question,
  type QuestionName,
  questionsOf,
} from './peers/questions.ts';
import { VICTORIA_METRICS } from './peers/victoria-metrics.ts';

const BENCH = 'query';
const SCALE = 0.25;
const PEERS = [VICTORIA_METRICS, INFLUXDB, POSTGRESQL];
/** Our time over that of the peer, at most. */
const LIMITS = new Map([
  [VICTORIA_METRICS, 2],
  [INFLUXDB, 1],
  [POSTGRESQL, 1],
]);
/** How often a question is asked, and for how long at most: slow answers are measured less often. */
const WARM_UP = { most: 60, least: 2, millis: 4000 };
const MEASURED = { most: 51, least: 3, millis: 6000 };

interface Asked {
  readonly question: Question;
  readonly right: Answer;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** @returns milliseconds of each answer */
const askFor = async (peer: Peer, question: Question, { most, least, millis }: typeof WARM_UP) => {
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < most && (times.length < least || performance.now() - begin < millis)) {
    const start = performance.now();
    await peer.ask(question);
    times.push(performance.now() - start);
  }
  return times;
};

/** Milliseconds by question; the first answer is checked. */
const measure = async (peer: Peer, asked: readonly Asked[]): Promise<Map<QuestionName, number>> => {
  const medians = new Map<QuestionName, number>();
  for (const { question, right } of asked) {
    const answer = await peer.ask(question);
    check(peer.name, question, answer(), right);
    await askFor(peer, question, WARM_UP);
    medians.set(question.name, median(await askFor(peer, question, MEASURED)));
  }
  return medians;
};

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
};

interface Measured {
  readonly points: string;
  readonly loading: number;
  readonly times: ReadonlyMap<QuestionName, number>;
}

const measurePeer = async (
  { start, name, debianPackage }: PeerSource,
  extent: Extent,
  asked: readonly Asked[],
): Promise<Measured | undefined> => {
  if (start === undefined) {
    process.stderr.write(`query: ${name} is not installed: apt-get install ${debianPackage}\n`);
    return undefined;
  }
  await using peer = await start();
  const loading = await seconds(() => peer.load(extent));
  return { points: peer.points, loading, times: await measure(peer, asked) };
};

const measureOurs = async (assembly: string, extent: Extent, asked: readonly Asked[]) => {
  await using ours = await openOurs(assembly);
  const loading = await seconds(() => ours.api.load(extent));
  const api = await measure(ours.api, asked);
  const handler = await measure(ours.handler, asked);
  const arrow = await measure(
    ours.arrow,
    asked.filter(({ question }) => question.name === 'raw'),
  );
  const calls = new Map<QuestionName, { readonly dynamodb: number; readonly s3: number }>();
  for (const { question } of asked)
    calls.set(question.name, await ours.lab.calls(() => ours.api.ask(question)));
  return { points: ours.api.points, loading, api, handler, arrow, calls };
};

const withAssembly = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-bench-'));
  try {
    await synthesizeTo(folder);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * Runs the benches of this file.
 * @param scale part of a year; 0.25 when absent
 */
export const run = async ({
  scale = SCALE,
}: {
  readonly scale?: number | undefined;
} = {}): Promise<readonly Figure[]> => {
  const extent = extentOf(Math.max(3, Math.round(365 * scale)));
  const asked = questionsOf(extent).map((question) => ({ question, right: expected(extent, question) }));
  process.stderr.write(
    `query: ${pointsOf(extent)} points of ${extent.days} days; --scale 1 is the whole year\n`,
  );
  const peers = new Map<PeerSource, Measured | undefined>();
  for (const source of PEERS) peers.set(source, await measurePeer(source, extent, asked));
  const ours = await withAssembly((folder) => measureOurs(folder, extent, asked));
  closeConnections();
  const figures: Figure[] = [inform(BENCH, 'labgate: loading and compacting', ours.loading, 's')];
  for (const [{ name }, measured] of peers)
    if (measured !== undefined) figures.push(inform(BENCH, `${name}: loading`, measured.loading, 's'));
  for (const { question } of asked) {
    /** The format of the points decides how much work an answer is. */
    const as = (points: string): string => (question.name === 'raw' ? ` (${points})` : '');
    const own = ours.api.get(question.name) ?? Number.NaN;
    const { dynamodb = Number.NaN, s3 = Number.NaN } = ours.calls.get(question.name) ?? {};
    figures.push(
      inform(BENCH, `${question.title}: labgate${as(ours.points)}`, own, 'ms'),
      ...(question.name === 'raw'
        ? [inform(BENCH, `${question.title}: labgate (Arrow)`, ours.arrow.get('raw') ?? Number.NaN, 'ms')]
        : []),
      inform(BENCH, `${question.title}: handler alone`, ours.handler.get(question.name) ?? Number.NaN, 'ms'),
      inform(BENCH, `${question.title}: calls of DynamoDB`, dynamodb, 'calls'),
      inform(BENCH, `${question.title}: calls of S3`, s3, 'calls'),
    );
    for (const [source, measured] of peers) {
      const theirs = measured?.times.get(question.name) ?? Number.NaN;
      figures.push(
        inform(BENCH, `${question.title}: ${source.name}${as(measured?.points ?? '')}`, theirs, 'ms'),
        // Without the peer the ratio is NaN, which meets no target.
        atMost(
          BENCH,
          `${question.title}: labgate over ${source.name}`,
          own / theirs,
          'times',
          LIMITS.get(source) ?? 1,
        ),
      );
    }
  }
  return figures;
};
