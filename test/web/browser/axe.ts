/** Accessibility of what a browser shows, by axe-core. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RUN = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(
  ({ target, any, all }) => target.join(' ') + ' ' + ([...any, ...all][0]?.message ?? '')).join(' | ')))`;

/** Rules of WCAG and of good practice that what is shown breaks, each with where. */
export const violations = async (page: Page): Promise<string[]> => {
  // By the protocol of the browser: the policy of the page lets no script in.
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(AXE);
  return (await page.evaluate(RUN)) as string[];
};
