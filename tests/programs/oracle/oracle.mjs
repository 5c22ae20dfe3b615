// oracle.mjs [NAME...]: what Chromium's EventSource makes of a server, and what wirefeed's does.
//
// Every difference has to be in differences.mjs, with the specification's word on it, and whatever
// is there has to differ as it says.
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { launch } from '../browser/chromium.mjs';
import { inChromium, inWirefeed } from './clients.mjs';
import { differences } from './differences.mjs';
import { LEFT_OUT, scenarios } from './scenarios.mjs';
import { Server } from './server.mjs';

/** Pages, each with an origin of its own, and scenarios at a time in each. */
const PAGES = 6;
const AT_A_TIME = 4;
/** How far the delays of the two may be apart: so many milliseconds, on a busy machine. */
const SLACK = 700;
/** How many scenarios at most are run once more, in quiet. */
const AGAIN = 9;
/** After so many faults no other scenario is begun. */
const ENOUGH = 20;

const listed = new Map(differences.flatMap((it) => it.scenarios.map((name) => [name, it])));
const wanted = process.argv.slice(2);
const everything = scenarios();
const chosen = everything.map((scenario, index) => ({ ...scenario, index }))
  .filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
let equal = 0, differ = 0, faults = 0;

const digest = (text) => createHash('sha256').update(text).digest('hex');

/** What a client saw and what its server saw, as lines. */
function seen({ log }, play, origin) {
  const lines = log.map(({ event, error, state }) => {
    const [type, data, id, from] = event ?? [];
    const where = from === origin ? '' : ` from ${from === server.other(origin) ? 'other' : from}`;
    const text = data?.length > 999 ? `${data.length}, SHA-256 ${digest(data)}` : data;
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

/** What is wrong with a scenario, if anything is. */
function verdict(scenario, browser, wirefeed) {
  const [theirs, ours] = [browser, wirefeed].map(({ seen, delays }) => ({ ...seen, delays }));
  const show = () => [theirs, ours].map((it) => `\n  ${JSON.stringify(it)}`).join('');
  const same = isDeepStrictEqual(browser.seen, wirefeed.seen);
  const equal = same && !apart(theirs.delays, ours.delays);
  if (!isDeepStrictEqual(browser.states, [0, 2])) return { fault: `readyState ${browser.states}` };
  const difference = listed.get(scenario.name);
  if (difference) {
    if (equal) return { fault: `is listed, and no longer differs:${show()}` };
    const off = [['browser', theirs], ['wirefeed', ours]].flatMap(([who, it]) =>
      Object.entries(difference[who]).filter(([what, expected]) => what === 'delays'
        ? apart(it.delays, expected) : !isDeepStrictEqual(it[what], expected)));
    return off.length > 0 ? { fault: `differs otherwise:${show()}` } : { listed: true };
  }
  if (!equal) return { fault: `differs, and is not listed:${show()}` };
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

function wrong(fault) {
  faults++;
  console.log(fault);
}

function count({ name }, { fault, ...kind }) {
  if (fault) wrong(`${name}: ${fault}`);
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
  /** What is still to be run, and what is to be run once more. */
  const [left, again] = [[...chosen], []];
  const work = async (place) => {
    while (left.length > 0 && faults < ENOUGH) {
      const scenario = left.shift();
      const result = await run(place, scenario);
      if (result.fault && again.length < AGAIN) again.push({ scenario, result });
      else count(scenario, result);
    }
  };
  await Promise.all(pages.flatMap((place) => Array.from({ length: AT_A_TIME }, () => work(place))));
  // A busy machine makes delays longer and cuts observations short; what is wrong in quiet is wrong.
  for (const { scenario, result } of again) {
    console.log(`once more: ${scenario.name}: ${result.fault}`);
    count(scenario, await run(pages[0], scenario));
  }
} finally {
  await browser.close();
  server.stop();
}
if (faults >= ENOUGH) console.log('too many faults: the rest was not run');
for (const name of listed.keys()) {
  if (!everything.some((scenario) => scenario.name === name)) {
    wrong(`${name} is listed, and there is no such scenario`);
  }
}
for (const { scenarios: names, section, word } of differences) {
  console.log(`listed: ${names.join('; ')}\n  ${section}: ${word}`);
}
for (const [id, why] of Object.entries(LEFT_OUT)) console.log(`left out: ${id}: ${why}`);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(`Chromium ${version}: scenarios ${chosen.length}, equal ${equal}, listed ${differ}, ` +
  `wrong ${faults}; ${seconds} s`);
process.exitCode = faults > 0 || chosen.length === 0 ? 1 : 0;
