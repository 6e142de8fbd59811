// A destination process of the benchmark of held connections, for some thousands of them. It accepts one message on each
// connection, answers it only when it is told to, and reports its counts when it is asked.

import { createServer, type Socket } from 'node:net';

/** Requests of the benchmark, and the reply to `count`. */
export type SinkRequest = { readonly kind: 'count' } | { readonly kind: 'answer' };
export interface SinkCount {
  /** Open now. */
  readonly connections: number;
  /** Connections that have sent a whole message and wait for its answer. */
  readonly waiting: number;
  /** Messages that were answered so far. */
  readonly answered: number;
}

const [, , portText = '', ...addresses] = process.argv;
const endOfData = '\r\n.\r\n';
const answer = '250 2.0.0 Ok\r\n';

let connections = 0;
let answered = 0;
let answersAtOnce = false;
/** Connections that wait for their answer, with the function that continues to read after it. */
const waiting = new Map<Socket, () => void>();

function serve(socket: Socket): void {
  let inContent = false;
  let rest = '';
  const read = (): void => {
    let replies = '';
    // Commands that were pipelined after the message wait for its answer.
    while (!waiting.has(socket)) {
      const end = inContent ? rest.indexOf(endOfData) : rest.indexOf('\r\n');
      if (end < 0) break;
      const verb = inContent ? '.' : rest.slice(0, 4).toUpperCase();
      rest = rest.slice(end + (inContent ? endOfData.length : 2));
      inContent = verb === 'DATA';
      if (verb === '.') {
        if (answersAtOnce) {
          answered++;
          replies += answer;
        } else waiting.set(socket, read);
      } else if (verb === 'EHLO') replies += '250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
      else if (verb === 'DATA') replies += '354 Go ahead\r\n';
      else if (verb === 'QUIT') {
        socket.end(`${replies}221 2.0.0 Bye\r\n`);
        return;
      } else replies += '250 2.0.0 Ok\r\n';
    }
    // Of the content only its end matters.
    if (inContent) rest = rest.slice(-(endOfData.length - 1));
    if (replies !== '') socket.write(replies);
  };
  connections++;
  socket.on('error', () => {}); // `close` follows
  socket.on('close', () => {
    connections--;
    waiting.delete(socket);
  });
  socket.on('data', (bytes: Buffer) => {
    rest += bytes.toString('latin1');
    read();
  });
  socket.write('220 sink.test ESMTP\r\n');
}

/** Answers all waiting messages, and from now on each message at once. */
function answerAll(): void {
  answersAtOnce = true;
  const held = [...waiting];
  waiting.clear();
  for (const [socket, read] of held) {
    answered++;
    socket.write(answer);
    read();
  }
}

let listening = 0;
for (const host of addresses) {
  const server = createServer({ noDelay: true }, serve);
  server.listen({ host, port: Number(portText), backlog: 4096 }, () => {
    if (++listening === addresses.length) process.send?.('listening');
  });
}

process.on('message', (request: SinkRequest) => {
  if (request.kind === 'count') {
    const count: SinkCount = { connections, waiting: waiting.size, answered };
    process.send?.(count);
  } else {
    answerAll();
  }
});
process.on('disconnect', () => process.exit());
