// oracle.mjs [NAME...]: what Chromium's EventSource makes of a server, and what wirefeed's does.
//
// Every difference has to be in differences.mjs, with the specification's word on it, and whatever
// is there has to differ as it says.
import { isDeepStrictEqual } from 'node:util';

import { launch } from '../chromium.mjs';
import { inChromium, inWirefeed } from './clients.mjs';
import { differences } from './differences.mjs';
import { LEFT_OUT, scenarios } from './scenarios.mjs';
import { Server } from './server.mjs';

/** Pages, each with an origin of its own, and scenarios at a time in each. */
const PAGES = 6;
const AT_A_TIME = 4;
/** How far the delays of the two may be apart: so many milliseconds, on a busy machine. */
const SLACK = 700;

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
    const where = from === origin ? '' : ` from ${from === server.other(origin) ? 'other' : from}`;
    // A long text by its length and its last words.
    const text = data?.length > 99 ? `${data.length} ${data.slice(-30)}` : data;
    if (event) return `${type} ${JSON.stringify(text)} id ${JSON.stringify(id)}${where}, ${state}`;
    return `${error ? 'error' : 'open'}, ${state}`;
  });
  const requests = play.requests.map(({ target, accept, cacheControl, lastEventId }) => [
    target || '.',
    ...lastEventId.map((id) => `id ${JSON.stringify(id)}`),
    ...(isDeepStrictEqual(accept, ['text/event-stream']) ? [] : [`Accept ${accept}`]),
    ...(isDeepStrictEqual(cacheControl, ['no-cache']) ? [] : [`Cache-Control ${cacheControl}`]),
  ].join(', '));
  return { log: lines, requests };
}

/** Whether these delays are not those: only what both have is compared. */
const apart = (some, other) => some.some((delay, i) =>
  delay !== null && other[i] != null && Math.abs(delay - other[i]) > SLACK);

/** What is wrong with a scenario; `noise` where only the delays are. */
function verdict(scenario, browser, wirefeed) {
  const [theirs, ours] = [browser, wirefeed].map(({ seen, delays }) => ({ ...seen, delays }));
  const show = () => [theirs, ours].map((it) => `\n  ${JSON.stringify(it)}`).join('');
  const same = isDeepStrictEqual(browser.seen, wirefeed.seen);
  const equal = same && !apart(theirs.delays, ours.delays);
  if (!isDeepStrictEqual(browser.states, [0, 2])) return { fault: `readyState ${browser.states}` };
  const difference = listed.get(scenario.name);
  if (difference) {
    if (equal) return { fault: `is listed, and no longer differs:${show()}` };
    const other = [['browser', theirs], ['wirefeed', ours]].find(([who, it]) =>
      Object.entries(difference[who]).some(([what, expected]) => what === 'delays'
        ? apart(it.delays, expected) : !isDeepStrictEqual(it[what], expected)));
    return other ? { fault: `${other[0]} is not as listed:${show()}` } : { listed: true };
  }
  if (!equal) return { fault: `differs, and is not listed:${show()}`, noise: same };
  const { requests, events } = scenario;
  if (requests !== undefined && theirs.requests.length !== requests) {
    return { fault: `is meant to ask ${requests} times:${show()}` };
  }
  const got = browser.log.filter(({ event }) => event).map(({ event }) => event.slice(0, 3));
  const vector = !events || isDeepStrictEqual(got, events);
  return vector ? { equal: true } : { fault: `the vector says otherwise:${show()}` };
}

async function run({ page, origin }, scenario) {
  const side = async (name, client) => {
    const path = `/${name}/${scenario.index}`;
    const play = server.play(path, scenario.responses);
    const result = await client(scenario.url ?? `${origin}${path}`, play);
    const delays = play.delays.map((delay) => delay && Math.round(delay));
    return { ...result, delays, seen: seen(result, play, origin) };
  };
  try {
    const browser = await side('browser', (url, play) => inChromium(page, url, scenario, play));
    const wirefeed = await side('wirefeed', (url, play) => inWirefeed(url, scenario, play));
    return verdict(scenario, browser, wirefeed);
  } catch (error) {
    return { fault: error.stack };
  }
}

function count({ name }, { fault, ...kind }) {
  if (fault) faults.push(`${name}: ${fault}`);
  equal += kind.equal ? 1 : 0;
  differ += kind.listed ? 1 : 0;
}

const start = performance.now();
const server = await Server.start(PAGES);
const browser = await launch('/usr/bin/chromium');
const version = browser.version();
try {
  const pages = [];
  for (const origin of server.origins) {
    const page = await browser.newPage();
    await page.goto(`${origin}/`);
    pages.push({ page, origin });
  }
  const [left, again] = [[...chosen], []];
  const work = async (place) => {
    while (left.length > 0) {
      const scenario = left.shift();
      const result = await run(place, scenario);
      result.noise ? again.push(scenario) : count(scenario, result);
    }
  };
  await Promise.all(pages.flatMap((place) => Array.from({ length: AT_A_TIME }, () => work(place))));
  // A delay that a busy machine made longer is measured once more, in quiet.
  for (const scenario of again) count(scenario, await run(pages[0], scenario));
} finally {
  await browser.close();
  server.stop();
}
for (const name of listed.keys()) {
  if (!everything.some((scenario) => scenario.name === name)) {
    faults.push(`${name} is listed, and there is no such scenario`);
  }
}
faults.forEach((fault) => console.log(fault));
for (const { scenarios: names, section, word } of differences) {
  console.log(`listed: ${names.join('; ')}\n  ${section}: ${word}`);
}
for (const [id, why] of Object.entries(LEFT_OUT)) console.log(`left out: ${id}: ${why}`);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(`Chromium ${version}: scenarios ${chosen.length}, equal ${equal}, listed ${differ}, ` +
  `wrong ${faults.length}; ${seconds} s`);
process.exitCode = faults.length > 0 || chosen.length === 0 ? 1 : 0;
