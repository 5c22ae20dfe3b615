// chromium.mjs EXECUTABLE URL: a page sends messages and compares the echoes; what was agreed on is
// read off the answer to its handshake.
import { readFile } from 'node:fs/promises';
import { launch } from '../browser/chromium.mjs';

const [executable, url] = process.argv.slice(2);
const browser = await launch(executable);
try {
  const page = await browser.newPage();
  const protocol = await page.context().newCDPSession(page);
  await protocol.send('Network.enable');
  let extensions;
  protocol.on('Network.webSocketHandshakeResponseReceived', ({ response }) => {
    const found = Object.entries(response.headers)
      .find(([name]) => name.toLowerCase() === 'sec-websocket-extensions');
    extensions = found?.[1];
  });
  const source = await readFile(new URL('./messages.mjs', import.meta.url), 'utf8');
  const answered = await page.evaluate(async ([source, url]) => {
    const { messages } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const next = (name) => new Promise((resolve, reject) => {
      socket.addEventListener(name, resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error(`no ${name}`)), { once: true });
    });
    await next('open');
    const answered = { messages: 0, bytes: 0 };
    for (const message of messages()) {
      socket.send(message);
      const { data } = await next('message');
      const isText = typeof message === 'string';
      const equal = isText ? data === message
        : data.byteLength === message.length && new Uint8Array(data).every((byte, n) => byte === message[n]);
      if (!equal) throw new Error('an echo is not equal');
      answered.messages += 1;
      answered.bytes += isText ? new TextEncoder().encode(data).length : data.byteLength;
    }
    socket.close(1000);
    answered.close = (await next('close')).code;
    return answered;
  }, [source, url]);
  console.log(JSON.stringify({ ...answered, extensions }));
} finally {
  await browser.close();
}
