// The two clients: a page in Chromium, and the example `events`. Each gives the same log: `open`,
// `error STATE`, and events as `[type, data, id, origin]`, each with the readyState.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const { EVENTS } = process.env;
/** How long nothing more may come, in milliseconds: a late reconnection would come within. */
const SETTLED = 600;
const QUIET = 1000;
/** The longest that a client may take; one scenario waits for 10 seconds. */
const PATIENCE = 20_000;

/** What an EventSource in a page sees. */
export async function inChromium(page, url, scenario, play) {
  const { until = {}, types } = scenario;
  const asked = { url, types, until, settled: SETTLED };
  const over = page.evaluate(watch, asked);
  return within(over, play, () => page.evaluate((url) => globalThis.closers[url](), url));
}

/** Runs in the page: an EventSource until it is closed, and a little longer. */
function watch({ url, types, until, settled }) {
  const log = [];
  const source = new EventSource(url);
  const states = [source.readyState];
  let over;
  const finished = new Promise((resolve) => (over = resolve));
  const finish = () => {
    source.close();
    states.push(source.readyState);
    setTimeout(() => over({ log, states }), settled);
  };
  (globalThis.closers ??= {})[url] = finish;
  const counts = { events: 0, errors: 0 };
  const count = (what) => ++counts[what] === until[what] && finish();
  // An event of the server's may have the name of one of the source's own.
  const hear = (type) => source.addEventListener(type, (event) => {
    if (!(event instanceof MessageEvent)) return;
    const { data, lastEventId, origin } = event;
    log.push({ event: [event.type, data, lastEventId, origin], state: source.readyState });
    count('events');
  });
  source.addEventListener('open', (event) => {
    if (!(event instanceof MessageEvent)) log.push({ open: true, state: source.readyState });
  });
  source.addEventListener('error', (event) => {
    if (event instanceof MessageEvent) return;
    const state = source.readyState;
    log.push({ error: true, state });
    if (state === EventSource.CLOSED) finish();
    else count('errors');
  });
  types.forEach(hear);
  if (until.close === 'at once') finish();
  if (until.seconds) setTimeout(finish, until.seconds * 1000);
  return finished;
}

/** What the example `events` sees. */
export async function inWirefeed(url, scenario, play) {
  const { until = {}, options = [] } = scenario;
  // Whatever becomes of this process, none of these stays behind.
  const seconds = until.close === 'at once' ? 0 : PATIENCE / 1000;
  // Chromium comes back as soon as the server says; a scenario's own floor comes later, and counts.
  const floor = options.includes('--retry-floor') ? undefined : 0;
  const limits = { seconds, 'retry-floor': floor, ...until, close: undefined };
  const named = Object.entries(limits).filter(([, most]) => most !== undefined);
  const args = [url, ...named.flatMap(([what, most]) => [`--${what}`, most]), ...options];
  const child = spawn(EVENTS, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  const log = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { open, error, event, data, id, origin, readyState: state } = JSON.parse(line);
    if (open) log.push({ open: true, state });
    if (error) log.push({ error: true, state });
    if (event !== undefined) log.push({ event: [event, data, id, origin], state });
  });
  const closed = once(child, 'close');
  const over = closed.then(async ([code, signal]) => {
    if (code !== 0 && signal !== 'SIGTERM') throw new Error(`it ended with ${code ?? signal}`);
    await sleep(SETTLED);
    return { log };
  });
  try {
    return await within(over, play, () => child.kill('SIGTERM'));
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

/** What a client comes to, which is closed once its server has been quiet. */
async function within(over, play, close) {
  let result;
  over = over.then((value) => (result = value));
  const late = performance.now() + PATIENCE;
  for (let closed = false; !result;) {
    await Promise.race([over, sleep(50)]);
    const now = performance.now();
    if (now > late) throw new Error(`no end after ${play.requests.length} requests`);
    if (!closed && play.quiet !== undefined && now > play.quiet + QUIET) {
      closed = true;
      await close();
    }
  }
  return result;
}
