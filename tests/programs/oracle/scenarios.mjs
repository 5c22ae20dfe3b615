// All scenarios: those of scenarios.jsonl, and one for each row of the vectors.
//
// `responses` answer the requests in turn, whatever their target; to one more, 204. A response has
// - `status`, 200; null is no response. `headers`, the lines; by default an event stream's type.
//   `early`, 1xx heads with their fields. `minor`, of the version; 1. `delay`, milliseconds before.
// - `body`, pieces: a text, `{base64}`, `{repeat, times}`, or a pause in milliseconds.
// - `end`: `chunked`, by the last chunk (what a 200 has by default); `head`, no body (what others
//   have); `length`; `close`; `short` of the length; `cut` or `reset` within a chunk; `open`.
// In headers and texts stand `${path}` (of the client's requests), `${host}`, `${origin}`,
// `${other}` (an origin), `${closed}` (one where nobody listens) and `${last-event-id}`.
//
// The source runs until it is closed by an error, or by `until`: so many `events`, lost connections
// (`errors`), `seconds`, or `close` 'at once'; and where a response stays open, a second later.
// `requests` is how many the browser makes, by default one for each response. `options` are the
// example's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { VECTORS } = process.env;
const rows = (path) => readFileSync(path, 'utf8').split('\n').filter(Boolean).map(JSON.parse);

/** Rows that are not of the wire, and why. */
export const LEFT_OUT = {
  'sse-conn/bad-url': 'the caller parses the URL',
  'sse-conn/cancel': 'a page is stopped: there is no page',
  'sse-conn/cors-fail': 'asks for another origin, which `redirect, other origin` does',
};

export function scenarios() {
  const own = rows(new URL('scenarios.jsonl', import.meta.url));
  const all = [
    // They wait for seconds before they reconnect, and go first.
    ...rows(join(VECTORS, 'sse_stream.jsonl')).map(stream),
    ...rows(join(VECTORS, 'sse_connection.jsonl')).filter(({ id }) => !LEFT_OUT[id])
      .map(connection),
    ...own.map((scenario) => ({ requests: scenario.responses.length, ...scenario })),
  ];
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) !== i);
  if (twice) throw new Error(`two scenarios are named ${twice.name}`);
  return all.map((scenario) => ({ ...scenario, types: types(scenario) }));
}

/** The row's bytes as one response. The next one is 204, which closes. */
function stream(row) {
  const { id, chunks_b64: chunks, initial_last_event_id: last, expect } = row;
  // The id that the row begins with comes of a connection before.
  const before = last ? [{ body: [`retry: 20\nid: ${last}\n\n`] }] : [];
  const responses = [
    ...before,
    { body: chunks.flatMap((base64) => [{ base64 }, 5]) },
    { status: 204 },
  ];
  const events = expect.events.map(({ type, data, last_event_id }) => [type, data, last_event_id]);
  return { name: id, responses, events, requests: responses.length };
}

/** The row's answers; without `then` a response stays open. */
function connection({ id, server }) {
  if (id === 'sse-conn/bad-scheme') {
    return { name: id, url: 'ftp://127.0.0.1/', responses: [], requests: 0 };
  }
  const responses = server.map((row) => ({
    status: row.status,
    headers: [
      ...(row.content_type ? [`Content-Type: ${row.content_type}`] : []),
      ...(row.location ? [`Location: \${path}${row.location}`] : []),
    ],
    body: row.body ? [row.body.replace('<value of Last-Event-ID>', '${last-event-id}')] : [],
    end: row.status !== 200 ? undefined : row.then === 'EOF' ? 'chunked' : 'open',
  }));
  return { name: id, responses };
}

/** Every type that an event of these bodies may have. */
function types({ responses }) {
  const pieces = responses.flatMap(({ body = [] }) => body).map((piece) => {
    if (typeof piece === 'object') return piece.repeat ?? Buffer.from(piece.base64, 'base64');
    return typeof piece === 'string' ? piece : '';
  });
  const named = pieces.join('').split(/[\r\n]/).map((line) => line.match(/^event: ?(.+)/)?.[1]);
  return [...new Set(['message', ...named.filter(Boolean)])];
}
