// The server of every scenario, and what it sees of its clients.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PAGE = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n' +
  'Connection: close\r\n\r\n<!doctype html>';

/** What one client gets of a scenario, one response for each request, and what it asked for. */
export class Play {
  constructor(responses) {
    this.responses = responses;
    /** The targets after the client's own path, and the fields that an EventSource sets. */
    this.requests = [];
    /** When each request came and its response was over, in milliseconds. */
    this.times = [];
    /** Since when a response stays open and nothing more is said. */
    this.quiet = undefined;
  }

  /** How long it took from the end of a response to the next request; none after a redirect. */
  get delays() {
    return this.times.slice(1).map(({ came }, i) =>
      this.responses[i]?.status >= 300 ? null : came - (this.times[i].over ?? came));
  }
}

export class Server {
  #plays = new Map();
  #sockets = new Set();
  #listeners = [];

  /** Listens on as many ports, since a browser opens no more than six connections to one. */
  static async start(count) {
    const server = new Server();
    for (let i = 0; i <= count; i++) {
      const listener = createServer((socket) => server.#serve(socket)).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      server.#listeners.push(listener);
    }
    server.origins = server.#listeners.map((it) => `http://127.0.0.1:${it.address().port}`);
    // Where nobody listens any more.
    server.closed = server.origins.pop();
    server.#listeners.pop().close();
    return server;
  }

  play(path, responses) {
    const play = new Play(responses);
    this.#plays.set(path, play);
    return play;
  }

  /** An origin that is not this one. */
  other(origin) {
    return this.origins.find((other) => other !== origin);
  }

  stop() {
    this.#listeners.forEach((listener) => listener.close());
    this.#sockets.forEach((socket) => socket.destroy());
  }

  async #serve(socket) {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}); // a client may leave at any moment
    socket.on('close', () => this.#sockets.delete(socket));
    let head = '';
    for await (const piece of socket.iterator({ destroyOnReturn: false })) {
      head += piece.toString('latin1');
      if (head.includes('\r\n\r\n')) break;
    }
    const came = performance.now();
    const [line, ...fields] = head.split('\r\n\r\n')[0].split('\r\n');
    const [, path, target] = line.match(/^GET (\/\w+\/\d+)?(\S*) HTTP\/1\.1$/) ?? [];
    const play = this.#plays.get(path);
    if (!play) return socket.end(target === '/' ? PAGE : 'HTTP/1.1 404 No\r\n\r\n');
    const values = (name) => fields.filter((it) => it.toLowerCase().startsWith(`${name}:`))
      .map((it) => it.slice(name.length + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
    const host = values('host')[0];
    const response = play.responses[play.requests.length] ?? { status: 204 };
    const time = { came };
    play.times.push(time);
    play.requests.push({
      target,
      accept: values('accept'),
      cacheControl: values('cache-control'),
      lastEventId: values('last-event-id'),
    });
    play.quiet = undefined;
    socket.resume();
    await this.#respond(socket, response, {
      path,
      host,
      origin: `http://${host}`,
      other: this.other(`http://${host}`),
      closed: this.closed,
      'last-event-id': values('last-event-id')[0] ?? '',
    });
    time.over = performance.now();
    if (response.end === 'open') play.quiet = time.over;
  }

  async #respond(socket, response, words) {
    const { status = 200, headers = ['Content-Type: text/event-stream'], body = [] } = response;
    const end = response.end ?? (status === 200 ? 'chunked' : 'head');
    const fill = (text) => text.replace(/\$\{([\w-]+)\}/g, (_, word) => words[word]);
    const chunked = ['chunked', 'cut', 'reset', 'open'].includes(end);
    const pieces = body.map((piece) => bytes(piece, fill));
    await sleep(response.delay ?? 0);
    if (status === null) return end === 'reset' ? socket.resetAndDestroy() : socket.end();
    const length = pieces.reduce((sum, piece) => sum + (piece.length ?? 0), 0);
    const framing = {
      length: [`Content-Length: ${length}`], short: [`Content-Length: ${length + 9}`],
    }[end] ?? (chunked ? ['Transfer-Encoding: chunked'] : []);
    const early = (response.early ?? []).map((text) => `HTTP/1.1 ${text}\r\n\r\n`);
    const lines = [`HTTP/1.${response.minor ?? 1} ${status} Said`, ...headers.map(fill),
      ...framing, 'Connection: close', '', ''];
    socket.write(early.join('') + lines.join('\r\n'), 'latin1');
    for (const piece of pieces) {
      if (typeof piece === 'number') {
        await sleep(piece);
      } else if (piece.length > 0) {
        const size = `${piece.length.toString(16)}\r\n`;
        socket.write(chunked ? Buffer.concat([Buffer.from(size), piece, CRLF]) : piece);
      }
    }
    if (end === 'open') return;
    if (end === 'cut' || end === 'reset') socket.write('9\r\n');
    // What was sent is to be read before the reset takes it away.
    if (end === 'reset') await sleep(500);
    if (end === 'reset') return socket.resetAndDestroy();
    socket.end(end === 'chunked' ? '0\r\n\r\n' : '');
  }
}

/** A piece of a body: a text, bytes in base64, a text over and over, or a pause in milliseconds. */
function bytes(piece, fill) {
  if (typeof piece === 'number') return piece;
  if (typeof piece === 'string') return Buffer.from(fill(piece));
  if (piece.base64 !== undefined) return Buffer.from(piece.base64, 'base64');
  return Buffer.from(piece.repeat.repeat(piece.times));
}

const CRLF = Buffer.from('\r\n');
