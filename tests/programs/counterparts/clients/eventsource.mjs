// eventsource.mjs URL: npm's eventsource. A JSON line for each event.
import { createRequire } from 'node:module';

const { EventSource } = createRequire(`${process.env.NODE_TOOLS}/`)('eventsource');

const source = new EventSource(process.argv[2]);
source.addEventListener('tick', ({ data, lastEventId: id }) =>
  console.log(JSON.stringify({ id, data })));
