// A client of QMQP that sends one message over a connection, as the protocol has it, and expects that it is taken.

import { once } from 'node:events';
import { connect } from 'node:net';
import { netstring } from '../../src/protocol/netstring/write-netstring.ts';

const packages = new Map<number, Buffer>();

/** A whole package whose message has so many octets. */
function packageOf(sizeBytes: number): Buffer {
  const known = packages.get(sizeBytes);
  if (known !== undefined) return known;
  const header = 'From: <sender@bench.test>\nTo: <recipient@destination.test>\nSubject: bench\n\n';
  const line = `${'x'.repeat(79)}\n`;
  const body = line.repeat(Math.ceil(sizeBytes / line.length)).slice(0, sizeBytes - header.length - 1);
  const parts = [`${header}${body}\n`, 'sender@bench.test', 'recipient@destination.test'];
  const made = netstring(Buffer.concat(parts.map((part) => netstring(part))));
  packages.set(sizeBytes, made);
  return made;
}

export const PackageSource = {
  /** @throws {Error} when the message is not taken */
  async send(port: number, sizeBytes: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
    let text = '';
    socket.on('data', (piece: string) => (text += piece));
    socket.write(packageOf(sizeBytes));
    await once(socket, 'close');
    if (!/^\d+:K/u.test(text)) throw new Error(`the server said ${text}`);
  },
};
