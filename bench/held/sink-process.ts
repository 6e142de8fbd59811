// The destination of the benchmark of held connections, a process for some thousands of them: takes one message a
// connection and keeps its answer until it is told to let go. Says how many there are when it is asked.

import { createServer, type Socket } from 'node:net';

/** What the benchmark says to it, and what it answers. */
export type SinkRequest = { readonly kind: 'count' } | { readonly kind: 'answer' };
export interface SinkCount {
  /** Open now. */
  readonly connections: number;
  /** Of these, how many have sent a whole message and wait for its answer. */
  readonly waiting: number;
  /** Of these, how many had their answer. */
  readonly answered: number;
}

const [, , portText = '', ...addresses] = process.argv;
const endOfData = '\r\n.\r\n';
const answer = '250 2.0.0 Ok\r\n';

let connections = 0;
let answered = 0;
let letGo = false;
/** Those that wait for their answer, and what reads on when they have had it. */
const waiting = new Map<Socket, () => void>();

function serve(socket: Socket): void {
  let inContent = false;
  let rest = '';
  const read = (): void => {
    let replies = '';
    // What was pipelined after the end of the message has to wait for its answer.
    while (!waiting.has(socket)) {
      const end = inContent ? rest.indexOf(endOfData) : rest.indexOf('\r\n');
      if (end < 0) break;
      const verb = inContent ? '.' : rest.slice(0, 4).toUpperCase();
      rest = rest.slice(end + (inContent ? endOfData.length : 2));
      inContent = verb === 'DATA';
      if (verb === '.') {
        if (letGo) {
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
    // Of content only its end matters.
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

function letAllGo(): void {
  letGo = true;
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
    letAllGo();
  }
});
process.on('disconnect', () => process.exit());
