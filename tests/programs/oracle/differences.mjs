// Where Chromium and wirefeed part, and the specification's word on it. What is given of a client's
// log, requests and delays (in milliseconds) is what it does.
const A = 'message "a" id "1", 1';
const ONE = ['open, 1', A, 'error, 0', 'error, 2'];
const ENDED = ['error, 2'];
const LOST = ['open, 1', 'error, 0', 'error, 2'];
const LOST_TWICE = ['open, 1', 'error, 0', 'error, 0', 'error, 2'];
const TWO = ['.', '., id "1"'];
/** A stream, and a first request with twenty more. */
const LOOP = ['.', '.', ...Array.from({ length: 20 }, (_, i) => `/${i}`)];

export const differences = [
  // The specification is with the browser.
  {
    scenarios: ['redirect, Latin-1 in Location'],
    section: 'RFC 9110 10.2.2, Fetch 4.4',
    word: 'A URI reference is ASCII; Fetch parses whatever comes. wirefeed hands the value on as ' +
      'text, so that it has to be UTF-8.',
    browser: { log: ['open, 1', A], requests: ['.', '/%E9'] },
    wirefeed: { log: ENDED, requests: ['.'] },
  },
  ...[['id, with a control', 'a\\u0001b'], ['id, with DEL', 'a\x7fb']].map(([name, id]) => {
    const log = ['open, 1', `message "a" id "${id}", 1`, 'error, 0', 'error, 2'];
    return {
      scenarios: [name],
      section: 'RFC 9110 5.5, Fetch 2.2.2',
      word: 'To Fetch any byte but NUL, CR and LF may stand in a value. RFC 9110 forbids ' +
        'controls, and h1 sends none: wirefeed comes back without the id.',
      browser: { log, requests: ['.', `., id "${id}"`] },
      wirefeed: { log, requests: ['.', '.'] },
    };
  }),
  // It leaves the choice.
  {
    scenarios: ['redirect, 21 of them'],
    section: 'WHATWG HTML 9.2.3',
    word: 'Too many redirects are a network error: a source comes back after one, unless it ' +
      'knows that to be futile, and wirefeed takes a loop for futile.',
    browser: { log: LOST_TWICE, requests: [...LOOP, '.'] },
    wirefeed: { log: LOST, requests: LOOP },
  },
  {
    scenarios: ['redirect, two Locations'],
    section: 'Fetch 4.4, RFC 9110 10.2.2',
    word: 'A field that is no list has one value. Two are a failure, and that is a network ' +
      'error, as above; wirefeed takes it for futile.',
    browser: { log: ['error, 0', ...ONE], requests: ['.', ...TWO] },
    wirefeed: { log: ENDED, requests: ['.'] },
  },
  {
    scenarios: ['redirect, to data', 'redirect, to no URL'],
    section: 'WHATWG HTML 9.2.3',
    word: 'The same, and the example says that it is futile. (A redirect to ftp, ' +
      'Chromium finds futile too.)',
    browser: { log: LOST_TWICE, requests: ['.', '.', '.'] },
    wirefeed: { log: LOST, requests: ['.', '.'] },
  },
  {
    scenarios: ['status 407'],
    section: 'WHATWG HTML 9.2.3, Fetch 4.6',
    word: 'A status other than 200 fails the connection. Where Fetch cannot ask for a proxy’s ' +
      'password it makes a network error of 407 before; wirefeed knows of no proxy.',
    browser: { log: ['error, 0', 'error, 2'], requests: ['.', '.'] },
    wirefeed: { log: ENDED, requests: ['.'] },
  },
  {
    scenarios: ['status 421'],
    section: 'Fetch 4.6, RFC 9110 15.5.20',
    word: 'A client may ask again on another connection. That is its HTTP’s, and h1 does not.',
    browser: { log: ENDED, requests: ['.', '.'] },
    wirefeed: { log: ENDED, requests: ['.'] },
  },
  {
    scenarios: ['silence'],
    section: 'WHATWG HTML 9.2.3, 9.2.7',
    word: 'It has no deadline for a silent stream, and asks servers for comments. `Policy::idle` ' +
      'is a choice of its user’s, and off.',
    browser: { log: ['open, 1'], requests: ['.'] },
    wirefeed: { log: LOST, requests: ['.', '.'] },
  },
  {
    scenarios: ['retry, 0, and a floor'],
    section: 'WHATWG HTML 9.2.3',
    word: 'A user agent may wait longer than the server says. `Backoff::floor` is half a second by ' +
      'default, here three times as much (and none in the other scenarios); Chromium has none.',
    browser: { delays: [0, 0] },
    wirefeed: { delays: [1500, 1500] },
  },
  // What a browser has, and a client on the wire has not.
  {
    scenarios: ['redirect, other origin'],
    section: 'WHATWG HTML 9.2.2, Fetch 4.10',
    word: 'The CORS check fails. It protects what a user’s cookies open to pages; wirefeed has ' +
      'neither.',
    browser: { log: ENDED, requests: ['.', '/to'] },
    wirefeed: { log: ['open, 1', 'message "a" id "1" from other, 1'], requests: ['.', '/to'] },
  },
  {
    scenarios: ['coding, gzip unasked'],
    section: 'RFC 9110 8.4, 12.5.3',
    word: 'A coding is undone by the HTTP that asked for it. The example asks for none.',
    browser: { log: ONE, requests: TWO },
    wirefeed: { log: LOST, requests: ['.', '.'] },
  },
  // The specification is with wirefeed.
  {
    scenarios: ['redirect, then no response'],
    section: 'WHATWG HTML 9.2.3, Fetch 4.4',
    word: 'A redirect adds to the URLs of the request before anybody answers there, and the last ' +
      'one is asked again. Chromium asks the last one that has answered.',
    browser: { requests: ['.', '.', '/to', '.'] },
    wirefeed: { requests: ['.', '.', '/to', '/to'] },
  },
  {
    scenarios: ['nobody listens'],
    section: 'WHATWG HTML 9.2.3, Fetch 4.4',
    word: 'The same.',
    browser: {
      log: ['open, 1', 'error, 0', 'error, 0', 'open, 1', 'message "b" id "", 1', 'error, 0'],
      requests: ['.', '.', '.'],
    },
    wirefeed: { log: ['open, 1', 'error, 0', 'error, 0', 'error, 0'], requests: ['.', '.'] },
  },
  {
    scenarios: ['type, charset of another name', 'type, charset unknown'],
    section: 'WHATWG HTML 9.2.3, 9.2.5',
    word: 'The type is text/event-stream, and such a stream is always UTF-8: no parameter can ' +
      'say otherwise. Chromium refuses a charset other than UTF-8.',
    browser: { log: ENDED, requests: ['.'] },
    wirefeed: { log: ONE, requests: TWO },
  },
  {
    scenarios: ['sse-conn/mime-charset-ignored'],
    section: 'WHATWG HTML 9.2.3, 9.2.5',
    word: 'The same.',
    browser: { log: ENDED, requests: ['.'] },
    wirefeed: { log: ['open, 1', 'message "ok…" id "", 1'], requests: ['.'] },
  },
  {
    scenarios: ['sse-conn/mime-bogus'],
    section: 'WHATWG HTML 9.2.3',
    word: 'The type is not text/event-stream, and the head says so. Chromium waits for the first ' +
      'bytes of a body whose type is no type (MIME Sniffing 7), and here none come.',
    browser: { log: [], requests: ['.'] },
    wirefeed: { log: ENDED, requests: ['.'] },
  },
  {
    scenarios: ['redirect, empty Location'],
    section: 'Fetch 4.4, RFC 3986 4.4',
    word: 'An empty reference is the URL itself. Chromium takes it for no Location.',
    browser: { log: ENDED, requests: ['.'] },
    wirefeed: { log: ['open, 1', A], requests: ['.', '.'] },
  },
  {
    scenarios: ['retry, empty', 'retry, without a colon'],
    section: 'WHATWG HTML 9.2.6',
    word: 'Digits alone set the time; a value without one is no number, and is passed over. ' +
      'Chromium goes back to its own 3 seconds.',
    browser: { log: LOST, delays: [3000] },
    wirefeed: { log: LOST, delays: [20] },
  },
  {
    scenarios: ['retry, too large for 64 bits'],
    section: 'WHATWG HTML 9.2.6',
    word: 'Digits are a number in base ten, however large: wirefeed waits as long as it can. ' +
      'Chromium passes over what it cannot hold.',
    browser: { log: ['open, 1', 'error, 0', 'open, 1', 'error, 0', 'error, 2'], delays: [20, 20] },
    wirefeed: { log: ['open, 1', 'error, 0'], requests: ['.'] },
  },
];
