// A small DNS server on loopback for tests and the demo: authoritative for everything, over UDP and TCP on one port.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import * as dnsPacket from 'dns-packet';
import { answerTo, type AnswerOptions } from './dns-answer.ts';
import type { Zone, ZoneName } from './zone.ts';

export type { Zone, ZoneName } from './zone.ts';

export interface DnsServerOptions {
  readonly address?: string;
  /** 0: the kernel picks one. */
  readonly port?: number;
  readonly zone: Zone;
  /** TTL of records that have none of their own; 300 s if not given. */
  readonly ttlSeconds?: number;
  /** TTL and MINIMUM of the SOA in negative answers; 60 s if not given. */
  readonly negativeTtlSeconds?: number;
  /** Sets the AD bit in every answer. */
  readonly authenticated?: boolean;
  /** Leaves TCP closed. */
  readonly udpOnly?: boolean;
}

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  /** Questions so far, by `name TYPE`, e.g. `example.com MX`. */
  readonly queries: ReadonlyMap<string, number>;
  /** Questions so far for a name, of one type or of all. A datagram that is sent again, since its answer is late, is none. */
  asked(name: string, type?: string): number;
  /** Changes a name; undefined removes it. */
  set(name: string, entry: ZoneName | undefined): void;
  close(): Promise<void>;
}

/** Starts the server; resolves when it answers. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const address = options.address ?? '127.0.0.1';
  const names = new Map<string, ZoneName>();
  for (const [name, entry] of Object.entries(options.zone)) names.set(name.toLowerCase(), entry);
  const queries = new Map<string, number>();
  /** Datagrams with a question, by their sender and id. */
  const datagrams = new Set<string>();
  const answers: AnswerOptions = {
    ttlSeconds: options.ttlSeconds ?? 300,
    negativeTtlSeconds: options.negativeTtlSeconds ?? 60,
    authenticated: options.authenticated ?? false,
  };

  /** @param port - of the sender */
  const respond = (message: Buffer, transport: 'udp' | 'tcp', port = 0): Buffer | undefined => {
    let query: dnsPacket.DecodedPacket;
    try {
      query = dnsPacket.decode(message);
    } catch {
      return undefined;
    }
    if (query.flag_qr) return undefined;
    const question = query.questions?.[0];
    if (question !== undefined) {
      const key = `${question.name.toLowerCase()} ${question.type}`;
      const datagram = `${port} ${query.id} ${key}`;
      const isAgain = transport === 'udp' && datagrams.has(datagram);
      datagrams.add(datagram);
      if (isAgain) return answerTo(query, names, answers, transport);
      queries.set(key, (queries.get(key) ?? 0) + 1);
    }
    return answerTo(query, names, answers, transport);
  };

  const { udp, tcp } = await bind(address, options.port ?? 0, options.udpOnly ?? false);
  udp.on('message', (message, peer) => {
    const response = respond(message, 'udp', peer.port);
    if (response !== undefined) udp.send(response, peer.port, peer.address);
  });
  const connections = new Set<Socket>();
  tcp?.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveTcp(socket, (message) => respond(message, 'tcp'));
  });

  return {
    address,
    port: udp.address().port,
    queries,
    asked: (name, type) => {
      if (type !== undefined) return queries.get(`${name} ${type}`) ?? 0;
      let sum = 0;
      for (const [key, count] of queries) if (key.startsWith(`${name} `)) sum += count;
      return sum;
    },
    set: (name, entry) => {
      if (entry === undefined) names.delete(name.toLowerCase());
      else names.set(name.toLowerCase(), entry);
    },
    close: async () => {
      for (const socket of connections) socket.destroy();
      const closed = [once(udp, 'close')];
      udp.close();
      if (tcp !== undefined) {
        closed.push(once(tcp, 'close'));
        tcp.close();
      }
      await Promise.all(closed);
    },
  };
}

/** Binds UDP and TCP to one port. When TCP cannot have the port that the kernel picked for UDP, it picks another one. */
async function bind(
  address: string,
  port: number,
  udpOnly: boolean,
): Promise<{ udp: UdpSocket; tcp: Server | undefined }> {
  for (let attempt = 1; ; attempt++) {
    const udp = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    udp.bind({ port, address, exclusive: true });
    await once(udp, 'listening');
    // A burst of questions would overflow the kernel's default buffer.
    udp.setRecvBufferSize(1 << 20);
    if (udpOnly) return { udp, tcp: undefined };
    const tcp = createServer();
    try {
      tcp.listen({ port: udp.address().port, host: address });
      await once(tcp, 'listening');
      return { udp, tcp };
    } catch (error) {
      udp.close();
      if (port !== 0 || attempt === 20) throw error;
    }
  }
}

/** Answers messages over TCP, each preceded by its length in two octets (RFC 1035 4.2.2). */
function serveTcp(socket: Socket, respond: (message: Buffer) => Buffer | undefined): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const end = held.readUInt16BE(0) + 2;
      if (held.length < end) return;
      const response = respond(held.subarray(2, end));
      held = held.subarray(end);
      if (response === undefined) continue;
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(response.length);
      socket.write(Buffer.concat([prefix, response]));
    }
  });
}
