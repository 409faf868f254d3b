/** Debian's Chromium, driven by Playwright: no browser is downloaded. */
import { type Browser, chromium } from 'playwright-core';

export const openChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
