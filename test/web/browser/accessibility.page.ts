/** Every page can be used by everybody: axe finds nothing, in both themes, on a phone and on a screen. */
import type { PageTest } from '../../ci/page.ts';
import { violations } from './axe.ts';

const LOOKS = [
  ['light', 1400],
  ['dark', 1400],
  ['dark', 390],
] as const;

const test: PageTest = async ({ enterAs, url, fleet }, expectEqual) => {
  const device = `/devices/${fleet[0]}`;
  const pages = [
    '/',
    ...[device, `${device}?tab=commands`, `${device}?tab=sessions`, `${device}?tab=facts`],
    ...[`/explore?devices=${fleet.join()}`, '/commands', '/quarantine', '/register', '/types'],
    ...['/alerts', '/alerts?tab=history', '/alert-rules', '/alert-rules/new'],
    ...['/types/environment-sensor', '/exports', '/people', '/audit', '/health', '/nowhere'],
  ];
  for (const [colorScheme, width] of LOOKS) {
    const { page, context } = await enterAs('Admin', { colorScheme, viewport: { width, height: 900 } });
    for (const path of pages) {
      await page.goto(url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      // What is loaded after the heading; pages that ask again and again are never quite still.
      await page.waitForTimeout(1500);
      expectEqual(`axe of ${path}, ${colorScheme}, ${width} wide`, await violations(page), []);
      expectEqual(
        `${path} is wider than a window of ${width}`,
        await page.evaluate('document.documentElement.scrollWidth > innerWidth'),
        false,
      );
    }
    await context.close();
  }
};

export default test;
