// What each transport of the page delivers to Chromium.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import { launch } from './chromium.mjs';

const { LIVE, PICTURES } = process.env;
const PUSH = ['stream', 'poll', 'events', 'socket'];
const MEBIBYTE = 1 << 20;
const WAIT = { timeout: 20_000 };
let browser, page, server, port = 0;
const faults = [], resumed = [], elsewhere = [];

async function start() {
  server = spawn(LIVE, ['--port', String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  port = Number(line.match(/127\.0\.0\.1:(\d+)/)[1]);
}

async function stop(signal) {
  const ended = once(server, 'exit');
  server.kill(signal);
  return (await ended)[0];
}

const read = (key, what) => page.evaluate(([key, what]) => live.panels[key][what], [key, what]);
const until = (condition, argument) => page.waitForFunction(condition, argument, WAIT);
const press = (key) => page.locator(`#${key} button`).click();
const says = (key, state) =>
  until(([key, state]) => live.panels[key].state === state, [key, state]);
const gets = (key, messages) =>
  until(([key, messages]) => live.panels[key].messages >= messages, [key, messages]);

/** What a panel's log has of the events of one type, as numbers: `[loaded, total]`. */
async function progress(key, type) {
  const lines = (await read(key, 'log')).map((line) => line.match(/^(\D+) (\d+)(?: of (\d+))?$/));
  return lines.filter((line) => line?.[1] === type)
    .map(([, , loaded, total]) => [Number(loaded), total && Number(total)]);
}

function grows(numbers) {
  numbers.slice(1).forEach((number, i) => assert.ok(number >= numbers[i], `${numbers}`));
}

/** From a message on nothing is missing, and nothing came twice. */
async function isWhole(key, from = 0) {
  const numbers = (await read(key, 'numbers')).slice(from);
  assert.deepEqual(numbers, numbers.map((_, i) => numbers[0] + i), key);
}

before(async () => {
  await start();
  browser = await launch('/usr/bin/chromium');
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).host !== `127.0.0.1:${port}`) elsewhere.push(request.url());
  });
  page.on('response', async (response) => {
    if (new URL(response.url()).pathname !== '/events') return;
    resumed.push((await response.request().allHeaders())['last-event-id']);
  });
  await page.goto(`http://127.0.0.1:${port}/?every=50`);
});

after(async () => {
  await browser?.close();
  if (server?.exitCode === null && server.signalCode === null) await stop('SIGKILL');
});

test('every push transport delivers the same clock', async () => {
  for (const key of PUSH) {
    await gets(key, 20);
    await isWhole(key);
    const delays = (await read(key, 'delays')).sort((a, b) => a - b);
    assert.ok(delays[0] >= 0 && delays[delays.length >> 1] < 1000, `${key}: ${delays}`);
  }
  // The server has told what it cost, and the chart shows it.
  await until((keys) => keys.every((key) => live.panels[key].each > 0), PUSH);
  const cost = Object.fromEntries(await Promise.all(
    PUSH.map(async (key) => [key, await read(key, 'each')]),
  ));
  assert.ok(cost.poll > cost.events && cost.events > cost.stream, JSON.stringify(cost));
  const rows = await page.locator('#costs tr').allInnerTexts();
  assert.deepEqual(rows.map((row) => row.split('\t')[0].trim()),
    ['HTTP stream', 'Long poll', 'EventSource', 'WebSocket']);
  const bars = page.locator('#costs .bytes .bar');
  const widths = await bars.evaluateAll((all) => all.map((bar) => bar.clientWidth));
  assert.ok(widths[1] === Math.max(...widths) && widths.every((width) => width > 0), `${widths}`);
});

test('everything can be reached and used with the keyboard', async () => {
  const reached = [];
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => {
      const at = document.activeElement;
      return [at.closest('section').id, getComputedStyle(at).outlineStyle, at.ariaLabel];
    }));
  }
  const titles = ['HTTP stream', 'Long poll', 'EventSource', 'WebSocket'].map((t) => `Stop ${t}`)
    .concat(['Download, with a length', 'Download, in chunks', 'Upload'].map((t) => `Start ${t}`));
  const keys = [...PUSH, 'download', 'chunked', 'upload'];
  assert.deepEqual(reached, keys.map((key, i) => [key, 'solid', titles[i]]));
  await page.locator('#poll button').focus();
  await page.keyboard.press('Enter');
  await says('poll', 'stopped');
  await page.keyboard.press('Space');
  await says('poll', 'waiting');
});

test('an endless response is read at readyState 3', async () => {
  assert.equal(await read('stream', 'state'), 'open, readyState 3');
  const first = (await read('stream', 'log')).filter((line) => line.startsWith('readyState'));
  assert.ok(first.includes('readyState 3') && !first.includes('readyState 4'), `${first}`);
  await press('stream');
  await says('stream', 'stopped');
  await press('stream');
  const before = await read('stream', 'messages');
  await gets('stream', before + 5);
});

test('a download with a length tells how much of it is there', async () => {
  await press('download');
  await says('download', 'done');
  const events = await progress('download', 'progress');
  grows(events.map(([loaded]) => loaded));
  assert.ok(events.length >= 2 && events.every(([, total]) => total === MEBIBYTE), `${events}`);
  for (const type of ['load', 'loadend']) {
    assert.deepEqual(await progress('download', type), [[MEBIBYTE, MEBIBYTE]]);
  }
});

test('a download in chunks tells how much came', async () => {
  await press('chunked');
  await says('chunked', 'done');
  const events = await progress('chunked', 'progress');
  grows(events.map(([loaded]) => loaded));
  assert.ok(events.length >= 2 && events.every(([, total]) => total === undefined), `${events}`);
  assert.deepEqual(await progress('chunked', 'loadend'), [[MEBIBYTE, undefined]]);
});

test('an upload arrives whole', async () => {
  await press('upload');
  await says('upload', 'done');
  assert.equal(await read('upload', 'received'), MEBIBYTE);
  const events = await progress('upload', 'upload progress');
  grows(events.map(([loaded]) => loaded));
  assert.deepEqual(await progress('upload', 'upload load'), [[MEBIBYTE, MEBIBYTE]]);
});

test('the server counts what went over the wire', async () => {
  const stats = await page.evaluate(async () =>
    (await fetch(`/stats?client=${live.client}`)).json());
  for (const [key, way] of
    [['download', 'bytes_out'], ['chunked', 'bytes_out'], ['upload', 'bytes_in']]) {
    const over = stats[key][way] - MEBIBYTE;
    assert.ok(stats[key].messages === 1 && over > 0 && over < 4096, `${key}: ${over}`);
  }
});

test('a WebSocket echoes, and closes with 1000', async () => {
  await until(() => live.panels.socket.trips.length >= 2);
  assert.ok((await read('socket', 'trips')).every((trip) => trip < 1000));
  await press('socket');
  await says('socket', 'closed');
  assert.equal(await read('socket', 'closeCode'), 1000);
  assert.equal((await read('socket', 'log')).at(-1), 'close 1000 clean');
  await press('socket');
  await says('socket', 'open');
});

test('it is legible in light and dark, wide and narrow', async () => {
  await until(() => Object.values(live.panels).every((panel) => panel.each > 0));
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 400]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${width}: ${over} too wide`);
      assert.ok(await contrast() >= 4.5, `${colorScheme}: ${await contrast()}`);
      const path = `${PICTURES}/${colorScheme}-${width}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

/** The least contrast between a text of the page and what it stands on (WCAG 2.2, 1.4.3). */
const contrast = () => page.evaluate(() => {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => rgb(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (at) => {
    const color = getComputedStyle(at).backgroundColor;
    return rgb(color)[3] === 0 ? ground(at.parentElement) : color;
  };
  const texts = [...document.body.querySelectorAll('h1, h2, h3, p, dt, dd, li, th, td, button')];
  return Math.min(...texts.filter((at) => at.innerText).map((at) => {
    const [a, b] = [light(getComputedStyle(at).color), light(ground(at))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
});

test('after the server was killed nothing is missing', async () => {
  const before = Object.fromEntries(await Promise.all(
    PUSH.map(async (key) => [key, await read(key, 'messages')]),
  ));
  const answered = resumed.length;
  await stop('SIGKILL');
  await says('socket', 'closed');
  assert.equal(await read('socket', 'closeCode'), 1006);
  await says('stream', 'ended');
  await says('events', 'connecting');
  const last = await read('events', 'lastId');
  await new Promise((wake) => setTimeout(wake, 1500)); // thirty ticks that nobody sends
  await start();
  for (const key of ['events', 'poll']) {
    await gets(key, before[key] + 40);
    await isWhole(key, before[key] - 1);
  }
  assert.deepEqual(resumed.slice(answered), [String(last)]);
  for (const key of ['stream', 'socket']) {
    await press(key);
    await gets(key, before[key] + 5);
  }
});

test('Ctrl-C ends everything', async () => {
  assert.equal(await stop('SIGINT'), 0);
  await says('socket', 'closed');
  assert.equal(await read('socket', 'closeCode'), 1001);
  await says('stream', 'ended');
});

test('nothing went wrong on the page, and nothing went elsewhere', () => {
  assert.deepEqual(faults, []);
  assert.deepEqual(elsewhere, []);
});
