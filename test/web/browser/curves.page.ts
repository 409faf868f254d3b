/** Live values and curves: the first value, going on, zoom, and back. */
import type { PageTest } from '../../ci/page.ts';

/** Points of the first chart, and what of time it shows. */
const CHART = `(() => {
  const [chart] = Object.values(window.__charts ?? {});
  if (chart === undefined) return null;
  const { min, max } = chart.scales.x;
  return { points: chart.data[0].length, from: min * 1000, to: max * 1000, last: chart.data[0].at(-1) * 1000 };
})()`;

interface Shown {
  readonly points: number;
  readonly from: number;
  readonly to: number;
  readonly last: number;
}

const test: PageTest = async ({ enterAs, url, fleet }, expectEqual) => {
  const { page } = await enterAs('Viewer', { viewport: { width: 1400, height: 1000 } });
  await page.locator(`[data-device="${fleet[0]}"]`).getByText('online').waitFor({ timeout: 60_000 });
  const menu = await page.getByRole('navigation').innerText();
  expectEqual('a viewer is offered what he may not', /People|Audit|Register|Quarantine/.test(menu), false);

  await page.goto(`${url}/devices/${fleet[0]}?last=PT5M`);
  const chart = page.locator('.chart').first();
  await chart.waitFor({ timeout: 60_000 });
  const shown = async (): Promise<Shown> => (await page.evaluate(CHART)) as Shown;
  const until = async (what: string, holds: (now: Shown) => boolean): Promise<Shown> => {
    for (let tries = 0; tries < 120; tries += 1) {
      const now = await shown();
      if (now !== null && holds(now)) return now;
      await page.waitForTimeout(500);
    }
    throw new Error(`in vain: ${what}`);
  };
  const first = await until('points', ({ points }) => points > 3);
  const later = await until('more points', ({ last }) => last > first.last);
  expectEqual('the curve goes on', later.last > first.last, true);

  const box = await chart.locator('.u-over').boundingBox();
  const { x, y, width, height } = box ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(x + width * 0.74, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.99, y + height / 2, { steps: 5 });
  await page.mouse.up();
  const zoomed = await until('a zoom', (now) => now.to - now.from < 120_000);
  expectEqual('a quarter of five minutes is shown', Math.round((zoomed.to - zoomed.from) / 1000), 75);
  await page.waitForTimeout(3000);
  expectEqual('and stays', (await shown()).from, zoomed.from);
  await page.getByRole('button', { name: 'Resume live' }).click();
  const resumed = await until('live again', (now) => now.to > zoomed.to);
  expectEqual('live again shows five minutes', Math.round((resumed.to - resumed.from) / 1000), 300);

  await page.getByRole('button', { name: 'Show as table' }).first().click();
  await page.getByRole('row').nth(3).waitFor();

  await page.goto(`${url}/devices/${fleet[0]}?last=P365D`);
  const year = await until('a year', ({ points, to, from }) => points > 0 && to - from > 300 * 86_400_000);
  expectEqual('a year is a few buckets', year.points < 1000, true);
};

export default test;
