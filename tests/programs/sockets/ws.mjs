// ws: `ws.mjs client URL` sends messages, whole and in fragments, and compares the echoes;
// `ws.mjs server PORT` echoes.
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { messages } from './messages.mjs';

const { WebSocket, WebSocketServer } = createRequire(`${process.env.NODE_TOOLS}/`)('ws');
const [role, where] = process.argv.slice(2);

function serve(port) {
  const server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: true, maxPayload: 0 });
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
}

async function ask(url) {
  const socket = new WebSocket(url, { maxPayload: 0 });
  await once(socket, 'open');
  const answered = { messages: 0, bytes: 0, extensions: socket.extensions };
  for (const message of messages()) {
    const bytes = Buffer.from(message);
    const binary = typeof message !== 'string';
    for (const count of [1, 5]) {
      const size = Math.ceil(bytes.length / count);
      for (let at = 0; at < bytes.length; at += size) {
        socket.send(bytes.subarray(at, at + size), { binary, fin: at + size >= bytes.length });
      }
      const [echo, isBinary] = await once(socket, 'message');
      if (isBinary !== binary || !bytes.equals(echo)) throw new Error('an echo is not equal');
      answered.messages += 1;
      answered.bytes += bytes.length;
    }
  }
  socket.close(1000);
  [answered.close] = await once(socket, 'close');
  console.log(JSON.stringify(answered));
}

await (role === 'server' ? serve(Number(where)) : ask(where));
