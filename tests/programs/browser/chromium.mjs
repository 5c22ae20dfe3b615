// Debian's Chromium, started so that it talks to this machine alone.
import { createRequire } from 'node:module';

const { chromium } = createRequire(`${process.env.NODE_TOOLS}/`)('playwright-core');

export const launch = (executablePath) => chromium.launch({
  executablePath,
  headless: true,
  timeout: 30_000,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-proxy-server',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
