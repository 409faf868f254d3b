/** The page in a real browser: a gateway with a fleet, and people who are signed in. For tests in `test/web/browser/*.page.ts`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { accessTo } from '../../bin/cli/client/local-access.ts';
import { createStarterTypes } from '../../bin/cli/client/starter-types.ts';
import { startFleet } from '../../bin/cli/commands/simulate.ts';
import type { Role } from '../../contracts/roles.ts';
import { openChromium } from './chromium.ts';
import { type Lab, type LabOptions, openLab } from './lab.ts';

/** Somebody at a browser of his own. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
}

export interface PageWorld extends AsyncDisposable {
  readonly lab: Lab;
  readonly browser: Browser;
  /** `http://localhost:1234`, without a slash at the end. */
  readonly url: string;
  /** Ids of the simulated instruments, which send a value each second. */
  readonly fleet: readonly string[];
  /** What browsers complained of: violations of the policy, errors that nobody caught. */
  readonly faults: string[];
  /** A browser without a past. */
  visit(options?: BrowserContextOptions): Promise<Visitor>;
  /** A browser in which the sample user of a role is signed in, at the page. */
  enterAs(role: Role, options?: BrowserContextOptions): Promise<Visitor>;
  /** Fills in the sign-in page, which the browser has open. */
  signIn(page: Page, role: Role): Promise<void>;
}

/** Violations of the content security policy are events of the document; this makes them lines of the console. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) =>
  console.error('POLICY', violatedDirective, blockedURI, sourceFile + ':' + lineNumber));`;

/**
 * Opens the world on an assembly.
 * @param options `fleet`: simulated instruments, 3 when absent; the others are of the gateway
 */
export const openPageWorld = async (
  assembly: string,
  { fleet: devices = 3, ...options }: LabOptions & { readonly fleet?: number } = {},
): Promise<PageWorld> => {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'labgate-world-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const lab = opened.use(await openLab(assembly, options));
  const { gateway } = lab;
  const url = gateway.addresses.page;
  if (url === undefined) throw new Error('the assembly has no page');
  const access = accessTo(gateway);
  const target = join(folder, 'target.json');
  writeFileSync(target, JSON.stringify(access.target), { mode: 0o600 });
  const api = await access.openAsEngineer(target);
  await createStarterTypes(api);
  const fleet = opened.use(
    await startFleet({ api, devices, state: join(folder, 'fleet'), progress: () => undefined }),
  );
  const browser = await openChromium();
  opened.defer(() => browser.close());
  const faults: string[] = [];

  const visit: PageWorld['visit'] = async (more = {}) => {
    const context = await browser.newContext(more);
    await context.addInitScript(TELL_VIOLATIONS);
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on('console', (line) => {
      if (/^POLICY|Content Security Policy/.test(line.text())) faults.push(`${page.url()}: ${line.text()}`);
    });
    return { context, page };
  };
  const signIn: PageWorld['signIn'] = async (page, role) => {
    const path = join(gateway.credentialsDir, 'users.json');
    const users = JSON.parse(readFileSync(path, 'utf8')) as { username: string; password: string }[];
    const user = users.find(({ username }) => username === role.toLowerCase());
    if (user === undefined) throw new Error(`no sample user is ${role}`);
    await page.getByLabel(/user name/i).fill(user.username);
    await page.getByLabel(/password/i).fill(user.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const enterAs: PageWorld['enterAs'] = async (role, more) => {
    const visitor = await visit(more);
    await visitor.page.goto(`${url}/`);
    await signIn(visitor.page, role);
    // Back, and the code has been used up.
    await visitor.page.waitForURL((now) => now.origin === url && !now.searchParams.has('code'));
    return visitor;
  };
  const stack = opened.move();
  return {
    lab,
    browser,
    url,
    fleet: fleet.devices,
    faults,
    visit,
    enterAs,
    signIn,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};
