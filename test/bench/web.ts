/**
 * The page in Chromium, on the gateway with a fleet: what it loads, when the first curve is there, and how long a frame
 * takes while 100 channels come in ten times a second. Gateway, browser and instruments share the computer. `--scale`
 * is of the seconds that frames are measured for.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { synthesize } from '../../bin/cli/client/synthesize.ts';
import { openPageWorld, type PageWorld } from '../support/page-world.ts';
import { atMost, type Figure, inform } from './figure.ts';

const BENCH = 'web';
const CHANNELS = 100;
const HERTZ = 10;
/** Before it counts: more points than are drawn one by one, so that the range is shown as people see it. */
const FILL_MS = 60_000;
const SECONDS = 20;
const TIMES = 5;
/** Files that are loaded while the first page is there already. */
const LATER = /\/(mqtt|decode-worker)/;

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0;

/** Bytes of files as they cross the network: CloudFront compresses what the gateway does too. */
const weigh = async ({ visit, signIn, url }: PageWorld): Promise<Figure[]> => {
  const { page, context } = await visit();
  const files = new Set<string>();
  page.on('request', (request) => {
    const { protocol, origin, pathname } = new URL(request.url());
    // A worker out of a `blob:` has the origin of the page too.
    if (protocol === 'http:' && origin === url && !pathname.startsWith('/v1/')) files.add(pathname);
  });
  await page.goto(`${url}/`);
  await page.getByLabel(/user name/i).waitFor();
  await signIn(page, 'Viewer');
  await page.locator('[data-live="connected"]').waitFor();
  await page.locator('[data-device] .numeric').first().waitFor();
  // The decoder comes with the first message.
  await delay(3000);
  const sizes = await Promise.all(
    [...files].map(async (name) => {
      const body = await (await fetch(url + name)).arrayBuffer();
      return [name, gzipSync(new Uint8Array(body)).length] as const;
    }),
  );
  await context.close();
  const sum = (later: boolean): number =>
    sizes.filter(([name]) => LATER.test(name) === later).reduce((all, [, size]) => all + size, 0) / 1024;
  return [
    atMost(BENCH, 'first load, gzip', sum(false), 'KB', 300),
    inform(BENCH, 'client and decoder of the live connection, gzip', sum(true), 'KB'),
  ];
};

const CURVE = `Object.values(window.__charts ?? {}).some((chart) => chart.data[0].length > 1)`;

/** From the button of the sign-in page to a curve, with nothing in the cache of the browser. */
const timeFirstCurve = async ({ visit, signIn, url, fleet }: PageWorld): Promise<Figure[]> => {
  const curves: number[] = [];
  const lives: number[] = [];
  for (let turn = 0; turn < TIMES; turn += 1) {
    const { page, context } = await visit({ viewport: { width: 1400, height: 1000 } });
    await page.goto(`${url}/devices/${fleet[0]}?last=PT5M`);
    await page.getByLabel(/user name/i).waitFor();
    let begin = 0;
    page.once('request', () => {
      begin = performance.now();
    });
    await signIn(page, 'Viewer');
    await page.waitForURL((now) => now.origin === url);
    // Not `waitForFunction`: its `eval` is what the policy of the page forbids.
    while (!(await page.evaluate(CURVE))) await delay(10);
    curves.push(performance.now() - begin);
    await page.locator('[data-live="connected"]').waitFor();
    lives.push(performance.now() - begin);
    await context.close();
  }
  return [
    atMost(BENCH, 'sign-in to the first curve, median', quantile(curves, 0.5), 'ms', 2000),
    inform(BENCH, 'sign-in to curve and live connection, median', quantile(lives, 0.5), 'ms'),
  ];
};

/** What the main thread does in a frame: from the callbacks before it to the first task after it was painted. */
const FRAMES = (millis: number): string => `new Promise((resolve) => {
  const works = [];
  const painted = new MessageChannel();
  let begin = 0;
  painted.port1.onmessage = () => works.push(performance.now() - begin);
  const until = performance.now() + ${millis};
  const frame = () => {
    begin = performance.now();
    if (begin > until) return resolve(works);
    painted.port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;
const NEWEST = `Math.max(...Object.values(window.__charts ?? {}).map((chart) => chart.data[0].at(-1)))`;

/** Publishes one message after another until it is told to stop. */
const publishAll = async (world: PageWorld, stop: AbortSignal): Promise<void> => {
  const { lab } = world;
  const names = Array.from({ length: CHANNELS }, (_, at) => `c${at}`);
  const channels = Object.fromEntries(names.map((name) => [name, { unit: 'Cel' }]));
  await lab.json('/v1/types', {
    method: 'POST',
    body: JSON.stringify({ id: 'many', name: 'Many', channels }),
  });
  const client = await lab.connect(await lab.register('many-1', 'lab-1', 'many'));
  let next = Date.now();
  for (let seq = 0; !stop.aborted; seq += 1) {
    const t = new Date().toISOString();
    const data = names.map((n, at) => ({ t, n, v: at + Math.sin((seq + at) / 20) }));
    client.publish('lab/lab-1/many-1/data', JSON.stringify({ v: 1, session: 'bench', seq, data }), {
      qos: 1,
    });
    next += 1000 / HERTZ;
    await delay(Math.max(0, next - Date.now()));
  }
};

const timeFrames = async (world: PageWorld, scale: number): Promise<Figure[]> => {
  const end = new AbortController();
  const publishing = publishAll(world, end.signal);
  const { page } = await world.enterAs('Viewer', { viewport: { width: 1400, height: 1000 } });
  await delay(2000);
  await page.goto(`${world.url}/devices/many-1?last=PT1M`);
  await page.locator('[data-live="connected"]').waitFor();
  await delay(FILL_MS);
  const lateness = async (shown: Page): Promise<number> =>
    Date.now() - ((await shown.evaluate(NEWEST)) as number) * 1000;
  const millis = SECONDS * scale * 1000;
  const measured = page.evaluate(FRAMES(millis)) as Promise<number[]>;
  const late: number[] = [];
  for (const until = Date.now() + millis; Date.now() < until; await delay(250))
    late.push(await lateness(page));
  const works = await measured;
  end.abort();
  await publishing;
  return [
    atMost(BENCH, 'work of a frame, 100 channels at 10 Hz, p95', quantile(works, 0.95), 'ms', 16.7),
    inform(BENCH, 'work of a frame, 100 channels at 10 Hz, p50', quantile(works, 0.5), 'ms'),
    inform(BENCH, 'frames, 100 channels at 10 Hz', works.length / (millis / 1000), 'frames/s'),
    inform(BENCH, 'age of the newest point that is drawn, p95', quantile(late, 0.95), 'ms'),
  ];
};

/** Runs the benches of this file. */
export const run = async ({
  scale = 1,
}: {
  readonly scale?: number | undefined;
}): Promise<readonly Figure[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-bench-web-'));
  try {
    await synthesize(folder, 'dev');
    await using world = await openPageWorld(folder);
    return [...(await weigh(world)), ...(await timeFirstCurve(world)), ...(await timeFrames(world, scale))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
