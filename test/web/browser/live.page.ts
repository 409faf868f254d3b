/**
 * The live connection: values without a question to the API, a loss and what was missed, a hidden tab, tokens that are
 * renewed and one that cannot be.
 */
import type { Page, WebSocketRoute } from 'playwright-core';
import type { PageTest } from '../../ci/page.ts';

/** Times of the first curve that have a value, in seconds. */
const TIMES = `(() => {
  const [chart] = Object.values(window.__charts ?? {});
  const [times = [], values = []] = chart?.data ?? [];
  return times.filter((_, place) => typeof values[place] === 'number');
})()`;
/** A tab that the test hides and shows. */
const HIDING = `window.hide = (is) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
  document.dispatchEvent(new Event('visibilitychange'));
};`;

const state = (page: Page, is: string): Promise<void> =>
  page.locator(`[data-live="${is}"]`).waitFor({ timeout: 60_000 });

const timesOf = async (page: Page): Promise<number[]> => (await page.evaluate(TIMES)) as number[];

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 120; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`in vain: ${what}`);
};

/** Longest time between two points, in seconds; a simulated instrument measures once a second. */
const longest = (times: readonly number[]): number =>
  Math.max(...times.slice(1).map((time, place) => time - (times[place] ?? 0)));

const test: PageTest = async ({ enterAs, url, fleet }, expectEqual) => {
  const { page } = await enterAs('Viewer', { viewport: { width: 1400, height: 1000 } });
  await page.clock.install();
  await page.addInitScript(HIDING);
  let open: WebSocketRoute | undefined;
  let connects = 0;
  let refused = false;
  await page.routeWebSocket(/\/mqtt$/, (socket) => {
    connects += 1;
    if (refused) {
      void socket.close({ code: 1001 });
      return;
    }
    open = socket;
    socket.connectToServer();
  });
  await page.goto(`${url}/devices/${fleet[0]}?last=PT5M`);
  await state(page, 'connected');
  await until('a curve', async () => (await timesOf(page)).length > 3);

  let questions = 0;
  await page.route(/\/v1\/devices\/[^/]+\/(series|latest)/, (route) => {
    questions += 1;
    return route.abort();
  });
  const before = (await timesOf(page)).at(-1) ?? 0;
  const shown = page.locator('[data-channel]').first();
  const value = await shown.innerText();
  await until('later points without the API', async () => ((await timesOf(page)).at(-1) ?? 0) > before + 3);
  await until('another value without the API', async () => (await shown.innerText()) !== value);
  expectEqual('values come in while the API gives none', true, true);
  await page.unroute(/\/v1\/devices\/[^/]+\/(series|latest)/);
  // What was asked meanwhile has failed, and is asked again after a while.
  await page.clock.fastForward(60_000);
  await until('the API again', async () => (await page.getByRole('alert').count()) === 0);
  questions = 0;
  page.on('request', (request) => {
    if (/\/series\?/.test(request.url())) questions += 1;
  });
  await page.waitForTimeout(10_000);
  expectEqual('the API is asked seldom while values come in', questions <= 1, true);

  refused = true;
  const lost = Date.now() / 1000;
  await open?.close({ code: 1001 });
  await state(page, 'reconnecting');
  await page.waitForTimeout(4000);
  refused = false;
  await state(page, 'connected');
  await until('what was missed', async () => {
    const times = (await timesOf(page)).filter((time) => time > lost - 5);
    return (times.at(-1) ?? 0) > lost + 6 && longest(times) < 2.5;
  });
  expectEqual('a loss of the connection leaves no hole', true, true);

  await page.evaluate('hide(true)');
  await page.clock.fastForward(31_000);
  await state(page, 'paused');
  const paused = { connects, questions };
  await page.waitForTimeout(4000);
  expectEqual('a hidden tab asks nothing', { connects, questions }, paused);
  await page.evaluate('hide(false)');
  await state(page, 'connected');
  await until('what was missed while hidden', async () => {
    const times = (await timesOf(page)).filter((time) => time > lost - 5);
    return longest(times) < 2.5;
  });

  const first = connects;
  await page.clock.fastForward(245_000);
  await until('another connection before the token ends', async () => connects > first);
  await state(page, 'connected');
  expectEqual('it took one', connects, first + 1);

  await page.route(/oauth2\/token/, (route) =>
    route.fulfill({
      status: 400,
      headers: { 'access-control-allow-origin': '*' },
      json: { error: 'invalid_grant' },
    }),
  );
  await page.clock.fastForward(245_000);
  await page.getByText('Your session has ended').waitFor({ timeout: 60_000 });
  const last = connects;
  await page.clock.fastForward(300_000);
  await page.waitForTimeout(3000);
  expectEqual('without a token nothing is tried', connects, last);
};

export default test;
