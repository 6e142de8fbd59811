// The process of the far sink: PORT RTT-MS EXTENSION... It answers as a server would whose packets need half of the round-trip time each way.
// No reply of such a server can come earlier than a round trip after its command, and none comes later: so what arrives is read at
// once, and the replies are sent a round trip later. The greeting needs two, since the handshake of TCP comes before it.

import { createServer, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { DelayLine } from '../../sim/delay-line.ts';
import { SinkSession } from './sink-session.ts';

/** The reply to any message of the benchmark. */
export interface FarCount {
  readonly messages: number;
  /** Open now, and the most that were open at the same time. */
  readonly connections: number;
  readonly mostConnections: number;
  /** All that were ever opened. */
  readonly allConnections: number;
  /** Messages a second between the first and the last tenth of `expected` messages; null before they are all there. */
  readonly steadyPerSecond: number | null;
  /** Unix milliseconds at which the end of the last message arrived. */
  readonly lastMs: number;
  /** By how much replies were late, on average. */
  readonly meanLatenessMs: number;
}

export interface FarCountRequest {
  /** Messages that are to come in all. */
  readonly expected: number;
}

/** It stands for another machine, so it does not wait for the processes of this one. Only root may do this. */
if (process.getuid?.() === 0) setPriority(constants.priority.PRIORITY_HIGH);

const [port, rttMs] = process.argv.slice(2, 4).map(Number) as [number, number];
const extensions = process.argv.slice(4);
const greetingRoundTrips = 2;

let connections = 0;
let mostConnections = 0;
let allConnections = 0;
/** When each message arrived, in ms of this process. */
const arrivals: number[] = [];

interface Reply {
  readonly socket: Socket;
  readonly text: string;
  readonly isLast: boolean;
}

const say = ({ socket, text, isLast }: Reply): void => {
  if (socket.destroyed) return;
  if (isLast) socket.end(text, 'latin1');
  else socket.write(text, 'latin1');
};
const replies = new DelayLine(rttMs, say);
const greetings = new DelayLine(rttMs * greetingRoundTrips, say);

createServer({ noDelay: true }, (socket) => {
  connections++;
  allConnections++;
  mostConnections = Math.max(mostConnections, connections);
  const session = new SinkSession(extensions, () => arrivals.push(performance.now() + rttMs / 2));
  let counts = true;
  const stopCounting = (): void => {
    if (counts) connections--;
    counts = false;
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', stopCounting);
  socket.on('data', (bytes: Buffer) => {
    if (session.hasQuit) return;
    const text = session.read(bytes);
    // A server closes when it has read QUIT, and the client that hears of it may open its next connection at once.
    if (session.hasQuit) stopCounting();
    if (text !== '') replies.send({ socket, text, isLast: session.hasQuit });
  });
  greetings.send({ socket, text: '220 far.test ESMTP\r\n', isLast: false });
}).listen({ host: '127.0.0.1', port, backlog: 4096 }, () => process.send?.('listening'));

process.on('message', ({ expected }: FarCountRequest) => {
  const messages = arrivals.length;
  const first = Math.floor(expected * 0.1);
  const last = Math.floor(expected * 0.9);
  const count: FarCount = {
    messages,
    connections,
    mostConnections,
    allConnections,
    steadyPerSecond:
      messages < expected ? null : (1000 * (last - first)) / (arrivals[last]! - arrivals[first]!),
    lastMs: performance.timeOrigin + (arrivals.at(-1) ?? 0),
    meanLatenessMs: replies.meanLatenessMs,
  };
  process.send?.(count);
});
process.on('disconnect', () => process.exit());
