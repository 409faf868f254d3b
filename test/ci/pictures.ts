/**
 * Takes the pictures of the documentation: `npm run pictures` writes `docs/pictures/{page}-{light|dark}.png`. What the
 * instruments measure comes from a seed; only the times are those of now.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { synthesize } from '../../bin/cli/client/synthesize.ts';
import type { InstrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import { openPageWorld, type PageWorld } from '../support/page-world.ts';

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const SIZE = { width: 1280, height: 800 };
/** What is there before the pictures: half an hour, a point every five seconds. */
const HISTORY = 30 * 60_000;
const STEP = 5000;

const SHAKER = {
  id: 'incubator-shaker',
  name: 'Incubator shaker',
  channels: {
    temp: { unit: 'Cel', label: 'Temperature', range: { min: 36, max: 38 }, resolution: 0.01, interval: 5 },
    co2: { unit: '%', label: 'CO₂', range: { min: 0, max: 20 }, resolution: 0.01, interval: 5 },
    humidity: { unit: '%', label: 'Humidity', resolution: 0.1, interval: 5 },
    speed: { unit: '/min', label: 'Speed', kind: 'step', resolution: 1, interval: 5 },
  },
  commands: {
    'set-speed': {
      description: 'Shakes at another speed from now on.',
      approval: true,
      parameters: {
        properties: {
          speed: { type: 'number', title: 'Speed', unit: '/min', minimum: 0, maximum: 400 },
        },
        required: ['speed'],
      },
    },
    tare: { description: 'Sets the load cell to zero.' },
  },
} as const;

/** A small seeded generator of numbers in [-1, 1). */
const noiseFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 31 - 1;
};

const DEVICES = [
  ['shaker-1', 'Shaker, left bench', 'lab-basel'],
  ['shaker-2', 'Shaker, right bench', 'lab-basel'],
  ['shaker-3', 'Cold room', 'lab-basel'],
  ['shaker-4', 'Seed train', 'lab-osaka'],
  ['shaker-5', 'Reserve', 'lab-osaka'],
] as const;

interface Row {
  readonly t: string;
  readonly n: string;
  readonly v: number;
}

/** What a device measures: the first one gets too warm for a while, and is silent before that. */
const measuring = (place: number, start: number): ((time: number) => Row[]) => {
  const noise = noiseFrom(place + 1);
  return (time) => {
    const share = (time - start) / HISTORY;
    const warm = (share - 0.55) / 0.13;
    const values = {
      temp:
        37 +
        0.25 * Math.sin(share * 9 + place) +
        (place === 0 && warm > 0 && warm < 1 ? Math.sin(warm * Math.PI) * 1.6 : 0) +
        noise() * 0.04,
      co2: 5 + 0.2 * Math.sin(share * 23 + place) + noise() * 0.03,
      humidity: 91 + 2 * Math.sin(share * 5 + place) + noise() * 0.3,
      speed: share < 0.4 ? 120 : 180,
    };
    if (place === 0 && share > 0.25 && share < 0.3) return [];
    const t = new Date(time).toISOString();
    return Object.entries(values).map(([n, v]) => ({ t, n, v: Math.round(v * 1000) / 1000 }));
  };
};

/** Rows of one message. */
const ROWS = 800;

const fill = async ({ lab }: PageWorld): Promise<void> => {
  await lab.createType(SHAKER as unknown as InstrumentTypeInput);
  const token = await lab.personToken('engineer');
  const start = Date.now() - HISTORY;
  for (const [place, [id, name, site]] of DEVICES.entries()) {
    const instrument = await lab.register(id, site, SHAKER.id);
    const known = await lab.call(`/v1/devices/${id}`);
    await lab.json(`/v1/devices/${id}`, {
      method: 'PATCH',
      token,
      headers: { 'if-match': known.headers.get('etag') ?? '' },
      body: JSON.stringify({ name }),
    });
    const client = await lab.connect(instrument);
    const measure = measuring(place, start);
    const publish = async (session: string, seq: number, data: readonly Row[]): Promise<void> => {
      const message = JSON.stringify({ v: 1, session, seq, data });
      await client.publishAsync(`lab/${site}/${id}/data`, message, { qos: 1 });
    };
    const rows: Row[] = [];
    let time = start;
    for (; time < Date.now(); time += STEP) rows.push(...measure(time));
    for (let at = 0; at < rows.length; at += ROWS)
      await publish('history', at / ROWS, rows.slice(at, at + ROWS));
    // One has gone: pictures show what that looks like.
    if (id === 'shaker-5') await client.endAsync();
    else {
      const first = time;
      const timer = setInterval(() => {
        void publish('live', (time - first) / STEP, measure(time));
        time += STEP;
      }, STEP);
      client.once('close', () => clearInterval(timer));
    }
  }
  const command = (id: string, body: object) =>
    lab.json(`/v1/devices/${id}/commands`, { method: 'POST', token, body: JSON.stringify(body) });
  await command('shaker-3', { command: 'tare', parameters: {}, reason: 'New flask' });
  await command('shaker-2', { command: 'set-speed', parameters: { speed: 240 }, reason: 'Batch 17' });
  await command('shaker-1', { command: 'set-speed', parameters: { speed: 200 }, reason: 'Batch 16' });
};

const PAGES = [
  ['overview', '/', '[data-device="shaker-1"] .sparkline'],
  ['device', '/devices/shaker-1?last=PT30M', '.chart canvas'],
  ['commands', '/commands?site=lab-basel', '[data-command]'],
  [
    'explore',
    '/explore?devices=shaker-1,shaker-2,shaker-4&channels=temp&last=PT30M&every=PT1M&agg=mean',
    '.chart canvas',
  ],
] as const;

const assembly = await mkdtemp(join(tmpdir(), 'labgate-pictures-'));
try {
  await synthesize(assembly, 'dev');
  await mkdir(FOLDER, { recursive: true });
  await using world = await openPageWorld(assembly, { fleet: 0 });
  await fill(world);
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, context } = await world.enterAs('Admin', { colorScheme, viewport: SIZE });
    await page.locator('[data-live="connected"]').waitFor();
    for (const [name, path, shown] of PAGES) {
      await page.goto(world.url + path);
      await page.locator(shown).first().waitFor({ timeout: 60_000 });
      await page.locator('[data-live="connected"]').waitFor();
      await page.waitForTimeout(2500);
      await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`) });
    }
    await context.close();
  }
} finally {
  await rm(assembly, { recursive: true, force: true });
}
