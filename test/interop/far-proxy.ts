// A proxy between Sluice and a server that puts a distance between them, and records whether transactions were on the way at the same time.
// It understands as much of SMTP as it needs to tell commands, content and replies apart.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { DelayLine } from '../../sim/delay-line.ts';
import type { Ground } from '../../sim/neighbours/ground.ts';

export interface FarProxy {
  readonly port: number;
  /** What all its connections have seen. */
  readonly seen: Seen;
}

export interface Seen {
  connections: number;
  mails: number;
  /** MAIL commands that came before the client had the answer to the end of an earlier content. */
  pipelinedMails: number;
  datas: number;
  bdats: number;
  /** The most contents that were complete, with the answer on its way to the client. */
  mostUnanswered: number;
  /** How often the client, after it had read replies, wrote again: what costs a round trip each. */
  turns: number;
}

/** A reply that must come: to DATA, to the end of a content, or to anything else. */
type Expected = 'plain' | 'data' | 'end';

/** @param rttMs - time for a command to the server and its reply, the server's own time left out */
export async function startFarProxy(ground: Ground, target: number, rttMs: number): Promise<FarProxy> {
  const seen: Seen = {
    connections: 0,
    mails: 0,
    pipelinedMails: 0,
    datas: 0,
    bdats: 0,
    mostUnanswered: 0,
    turns: 0,
  };
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => socket.destroy());
    return socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    seen.connections++;
    const dialogue = new Dialogue(seen);
    const upstream = connect({ port: target, host: '127.0.0.1' });
    const link = (
      from: Socket,
      to: Socket,
      observe: (bytes: Buffer) => void,
      isObservedFirst: boolean,
    ): void => {
      const line = new DelayLine<Buffer | null>(rttMs / 2, (bytes) => {
        if (bytes === null) to.end();
        else {
          if (!isObservedFirst) observe(bytes);
          to.write(bytes);
        }
      });
      from.on('data', (bytes: Buffer) => {
        if (isObservedFirst) observe(bytes);
        line.send(bytes);
      });
      from.on('end', () => line.send(null));
      from.on('close', () => line.send(null));
    };
    // All is recorded as the client sees it.
    link(keep(client), upstream, (bytes) => dialogue.client(bytes), true);
    link(keep(upstream), client, (bytes) => dialogue.server(bytes), false);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
  ground.atEnd(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

class Dialogue {
  readonly #seen: Seen;
  /** Replies that the client waits for; the greeting comes first. */
  readonly #expected: Expected[] = ['plain'];
  #client = '';
  #server = '';
  #inContent = false;
  /** Octets of a chunk that are still to come, and whether it is the last one. */
  #chunkLeft = 0;
  #isLastChunk = false;
  #hasRead = false;

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  client(bytes: Buffer): void {
    if (this.#hasRead) this.#seen.turns++;
    this.#hasRead = false;
    this.#client += bytes.toString('latin1');
    for (;;) {
      if (this.#chunkLeft > 0) {
        const used = Math.min(this.#chunkLeft, this.#client.length);
        this.#chunkLeft -= used;
        this.#client = this.#client.slice(used);
        if (this.#chunkLeft > 0) return;
        this.#expect(this.#isLastChunk ? 'end' : 'plain');
      }
      const mark = this.#inContent ? '\r\n.\r\n' : '\r\n';
      const end = this.#client.indexOf(mark);
      if (end === -1) return;
      const line = this.#client.slice(0, end);
      this.#client = this.#client.slice(end + mark.length);
      if (this.#inContent) {
        this.#inContent = false;
        this.#expect('end');
      } else this.#command(line);
    }
  }

  server(bytes: Buffer): void {
    this.#hasRead = true;
    this.#server += bytes.toString('latin1');
    for (let end = 0; (end = this.#server.indexOf('\r\n')) !== -1;) {
      const line = this.#server.slice(0, end);
      this.#server = this.#server.slice(end + 2);
      if (line[3] === '-') continue;
      // A client that sends content waits for this reply, so all that it sends from now on is content.
      if (this.#expected.shift() === 'data' && line.startsWith('354')) {
        this.#inContent = true;
        this.#client = `\r\n${this.#client}`;
      }
    }
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const chunk = /^BDAT (\d+)( LAST)?$/iu.exec(line);
    if (chunk !== null) {
      this.#seen.bdats++;
      this.#chunkLeft = Number(chunk[1]);
      this.#isLastChunk = chunk[2] !== undefined;
      if (this.#chunkLeft === 0) this.#expect(this.#isLastChunk ? 'end' : 'plain');
    } else if (verb === 'DATA') {
      this.#seen.datas++;
      this.#expect('data');
    } else {
      if (verb === 'MAIL') {
        this.#seen.mails++;
        if (this.#expected.includes('end')) this.#seen.pipelinedMails++;
      }
      this.#expect('plain');
    }
  }

  #expect(reply: Expected): void {
    this.#expected.push(reply);
    if (reply !== 'end') return;
    const unanswered = this.#expected.filter((one) => one === 'end').length;
    this.#seen.mostUnanswered = Math.max(this.#seen.mostUnanswered, unanswered);
  }
}
