// Chromium: opens a page, and from it does what only a browser does the way it does.
//
// argv[2]: {chromium, page, post, body, events, socket, steps, receives, close}
import { launch } from '../browser/chromium.mjs';

const plan = JSON.parse(process.argv[2]);

const browser = await launch(plan.chromium);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(plan.page);
  await page.evaluate(async ({ post, body }) => {
    const headers = { 'Content-Type': 'application/json' };
    await (await fetch(post, { method: 'POST', headers, body })).text();
  }, plan);
  // The server ends the stream after each event: the second one came with Last-Event-ID.
  await page.evaluate(({ events }) => new Promise((resolve) => {
    const source = new EventSource(events);
    let left = 2;
    source.onmessage = () => {
      left -= 1;
      if (left === 0) {
        source.close();
        resolve();
      }
    };
  }), plan);
  await page.evaluate((plan) => new Promise((resolve, reject) => {
    const { steps, receives, close } = plan;
    const socket = new WebSocket(plan.socket);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      for (const { text, binary } of steps) {
        socket.send(text ?? Uint8Array.from(atob(binary), (c) => c.charCodeAt(0)));
      }
    };
    let left = receives;
    socket.onmessage = () => {
      left -= 1;
      if (left === 0) socket.close(...close);
    };
    socket.onclose = (end) => (left === 0 ? resolve() : reject(new Error(`closed: ${end.code}`)));
  }), plan);
} finally {
  await browser.close();
}
