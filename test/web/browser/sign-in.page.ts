/** People sign in with the page's own client, come back to where they were, and are gone when they sign out. */
import type { PageTest } from '../../ci/page.ts';

const test: PageTest = async ({ enterAs, visit, signIn, url, fleet }, expectEqual) => {
  const { page } = await visit();
  const response = await page.goto(`${url}/devices/${fleet[0]}`);
  expectEqual('a deep link is the page', response?.status(), 200);
  await page.getByLabel(/user name/i).waitFor();
  expectEqual(
    'whoever is not signed in is sent to the sign-in pages',
    new URL(page.url()).origin === url,
    false,
  );
  await signIn(page, 'Viewer');
  await page.waitForURL(`${url}/devices/${fleet[0]}**`);
  await page.getByRole('main').waitFor();
  expectEqual('and back to where he was', new URL(page.url()).pathname, `/devices/${fleet[0]}`);
  const kept = await page.evaluate('JSON.stringify({ ...localStorage })');
  expectEqual('no token is kept for later visitors', /eyJ|token/i.test(String(kept)), false);

  for (const role of ['Admin', 'Engineer', 'Operator', 'Maintenance'] as const) {
    const entered = await enterAs(role);
    await entered.page.getByRole('main').waitFor();
    expectEqual(`${role} is at the page`, new URL(entered.page.url()).origin, url);
    await entered.context.close();
  }
};

export default test;
