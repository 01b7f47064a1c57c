import { createServer } from 'node:net';

/**
 * A server that responds within microseconds, so that the service does not hide the cost of a load generator.
 * It implements as much of HTTP/1.1 as k6 needs for GET: every request gets the same response.
 */

const BODY = '{"ok":true}';
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);
const END_OF_REQUEST = '\r\n\r\n';

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let rest = '';
  socket.on('data', (chunk) => {
    const text = rest + chunk.toString('latin1');
    let [at, requests] = [0, 0];
    for (let end = text.indexOf(END_OF_REQUEST); end !== -1; end = text.indexOf(END_OF_REQUEST, at)) {
      at = end + END_OF_REQUEST.length;
      requests++;
    }
    rest = text.slice(at);
    if (requests > 0) socket.write(requests === 1 ? RESPONSE : Buffer.concat(Array(requests).fill(RESPONSE)));
  });
  // A client that disconnects is not an error of this server.
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${JSON.stringify({ msg: 'ready', address: `http://127.0.0.1:${port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
