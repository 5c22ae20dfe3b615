// oracle.mjs [NAME...]: what Chromium's EventSource makes of a server, and what wirefeed's does.
//
// Every difference has to be in differences.json, with the specification's word on it, and everything
// that is there has to differ as it says.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { launch } from '../chromium.mjs';
import { inChromium, inWirefeed } from './clients.mjs';
import { LEFT_OUT, scenarios } from './scenarios.mjs';
import { Server } from './server.mjs';

/** Pages, each with an origin of its own, and scenarios at a time in each. */
const PAGES = 6;
const AT_A_TIME = 4;
/** How far the delays of the two may be apart: so many milliseconds, on a busy machine. */
const SLACK = 700;

const differences = JSON.parse(readFileSync(new URL('differences.json', import.meta.url)));
const listed = new Map(differences.flatMap((it) => it.scenarios.map((name) => [name, it])));
const wanted = process.argv.slice(2);
const everything = scenarios();
const chosen = everything.map((scenario, index) => ({ ...scenario, index }))
  .filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const faults = [];
let equal = 0, differ = 0;

/** What a client saw and what its server saw, as lines. */
function seen({ log }, play, origin) {
  const lines = log.map(({ event, error, state }) => {
    const [type, data, id, from] = event ?? [];
    const where = from === origin ? '' : ' from elsewhere';
    // A long text by its length and its last words.
    const text = data?.length > 99 ? `${data.length} ${data.slice(-30)}` : data;
    if (event) return `${type} ${JSON.stringify(text)} id ${JSON.stringify(id)}${where}, ${state}`;
    return `${error ? 'error' : 'open'}, ${state}`;
  });
  const fields = play.requests.map(({ target, accept, cacheControl, lastEventId }) => [
    `${target || '.'}${lastEventId.map((id) => ` id${JSON.stringify(id)}`)}`,
    ...(isDeepStrictEqual(accept, [' text/event-stream']) ? [] : [`Accept ${accept}`]),
    ...(isDeepStrictEqual(cacheControl, [' no-cache']) ? [] : [`Cache-Control ${cacheControl}`]),
  ].join(', '));
  return { log: lines, requests: fields };
}

const late = (mine, other) => mine.delays.some((delay, i) => {
  const beside = other.delays[i];
  return delay !== null && beside != null && Math.abs(delay - beside) > SLACK;
});

/** What is wrong with a scenario. */
function verdict(scenario, browser, wirefeed) {
  const [theirs, ours] = [browser.seen, wirefeed.seen];
  const same = isDeepStrictEqual(theirs, ours);
  const difference = listed.get(scenario.name);
  const delays = [browser, wirefeed].map(({ play }) => play.delays.map((it) => it && Math.round(it)));
  const show = () => JSON.stringify({ browser: theirs, wirefeed: ours, delays }, null, 1);
  if (!isDeepStrictEqual(browser.states, [0, 2])) return `the browser's states: ${browser.states}`;
  if (same && late(browser.play, wirefeed.play)) return `the delays differ: ${show()}`;
  if (!difference) {
    if (!same) return `not listed: ${show()}`;
    const { requests, events } = scenario;
    if (requests !== undefined && browser.play.requests.length !== requests) {
      return `the scenario means ${requests} requests: ${show()}`;
    }
    const got = browser.log.filter(({ event }) => event).map(({ event }) => event.slice(0, 3));
    if (events && !isDeepStrictEqual(got, events)) return `the vector says otherwise: ${show()}`;
    equal++;
    return;
  }
  if (same) return `is listed, and no longer differs: ${show()}`;
  for (const [who, what] of [['browser', theirs], ['wirefeed', ours]]) {
    const said = { log: what.log, ...(difference[who].requests && { requests: what.requests }) };
    if (!isDeepStrictEqual(said, difference[who])) return `${who} differs otherwise: ${show()}`;
  }
  differ++;
}

async function run(page, origin, server, scenario) {
  const side = async (name, client) => {
    const path = `/${name}/${scenario.index}`;
    const play = server.play(path, scenario.responses);
    const result = await client(scenario.url ?? `${origin}${path}`, play);
    return { ...result, play, seen: seen(result, play, origin) };
  };
  try {
    const browser = await side('browser', (url, play) => inChromium(page, url, scenario, play));
    const wirefeed = await side('wirefeed', (url, play) => inWirefeed(url, scenario, play));
    const fault = verdict(scenario, browser, wirefeed);
    if (fault) faults.push(`${scenario.name}: ${fault}`);
  } catch (error) {
    faults.push(`${scenario.name}: ${error.stack}`);
  }
}

const start = performance.now();
const server = await Server.start(PAGES);
const browser = await launch('/usr/bin/chromium');
try {
  const left = [...chosen];
  await Promise.all(server.origins.map(async (origin) => {
    const page = await browser.newPage();
    await page.goto(`${origin}/`);
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      while (left.length > 0) await run(page, origin, server, left.shift());
    }));
  }));
} finally {
  await browser.close();
  server.stop();
}
for (const name of listed.keys()) {
  if (!everything.some((scenario) => scenario.name === name)) {
    faults.push(`${name} is listed, and there is no such scenario`);
  }
}
const version = browser.version();
faults.forEach((fault) => console.log(fault));
for (const { scenarios: names, section, word } of differences) {
  console.log(`listed: ${names.join(', ')}\n  ${section}: ${word}`);
}
for (const [id, why] of Object.entries(LEFT_OUT)) console.log(`left out: ${id}: ${why}`);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(`Chromium ${version}: scenarios ${chosen.length}, equal ${equal}, listed ${differ}, ` +
  `wrong ${faults.length}; ${seconds} s`);
process.exitCode = faults.length > 0 || chosen.length === 0 ? 1 : 0;
