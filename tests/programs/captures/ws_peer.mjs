// ws, one process for both sides of one conversation: it listens, prints its port, reads the URL
// to connect to (the recording proxy's) and ends when the conversation has.
//
// argv[2]: {client, server, closer, close}: the steps of each side as plans.py describes them, how
// the conversation ends, and who ends it once it has all the other side's messages.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

const { WebSocket, WebSocketServer } = createRequire(`${process.env.NODE_TOOLS}/`)('ws');
const plan = JSON.parse(process.argv[2]);
const bytes = (data) => Buffer.from(data, 'base64');
const messages = (steps) => steps.filter((step) => !('ping' in step)).length;

function take(socket, steps) {
  for (const step of steps) {
    const [[kind, value]] = Object.entries(step);
    if (kind === 'text') socket.send(value);
    else if (kind === 'binary') socket.send(bytes(value));
    else if (kind === 'ping') socket.ping(value);
    else {
      value.forEach((part, n) => {
        if (typeof part === 'object') socket.ping(part.ping);
        else {
          const binary = kind === 'binary_fragments';
          socket.send(bytes(part), { binary, fin: n === value.length - 1 });
        }
      });
    }
  }
}

function play(socket, role, other) {
  let left = messages(plan[other]);
  const closeWhenDone = () => {
    if (left === 0 && plan.closer === role) socket.close(...plan.close);
  };
  socket.on('message', () => {
    left -= 1;
    closeWhenDone();
  });
  take(socket, plan[role]);
  closeWhenDone();
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => play(socket, 'server', 'client'));
await once(server, 'listening');
console.log(server.address().port);

const [url] = await once(createInterface({ input: process.stdin }), 'line');
const client = new WebSocket(url, { perMessageDeflate: false });
client.on('open', () => play(client, 'client', 'server'));
await once(client, 'close');
server.close();
process.stdin.destroy();
