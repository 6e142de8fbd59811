// The resolver's sockets: one connected UDP socket, or one TCP connection, per message sent. The kernel gives each a
// random port (RFC 5452 9.2) and drops what comes from another address or port.

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { NameServer } from './types.ts';
import { isIPv6 } from '../values/ip-version.ts';

/** Called at most once by TCP, any number of times by UDP; never after `close` and never before `send` returned. */
export interface TransportEvents {
  message(message: Buffer): void;
  /** Nothing more will come. */
  error(reason: string): void;
}

export interface Transport {
  close(): void;
  /** Sends the same datagram again, in case it was lost; by TCP nothing is. */
  resend?(): void;
}

// The address is an IP literal. Without this function, Node would pass it to the system's resolver in the thread pool.
function literal(
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, address, isIPv6(address) ? 6 : 4);
}

/** Sends one datagram and reports every datagram that the server sends back. */
export function sendUdp(server: NameServer, bytes: Buffer, events: TransportEvents): Transport {
  const socket = createSocket({ type: isIPv6(server.address) ? 'udp6' : 'udp4', lookup: literal });
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    socket.close();
  };
  const fail = (error: Error): void => {
    // Deferred, because binding can fail before this function has returned.
    process.nextTick(() => {
      if (!open) return;
      close();
      events.error(error.message);
    });
  };
  socket.on('error', fail);
  socket.on('message', (message) => {
    if (open) events.message(message);
  });
  let isConnected = false;
  const resend = (): void => {
    if (!open || !isConnected) return;
    socket.send(bytes, (error) => {
      if (error !== null) fail(error);
    });
  };
  socket.on('connect', () => {
    isConnected = true;
    resend();
  });
  socket.connect(server.port, server.address);
  return { close, resend };
}

/** Sends one message by TCP with its length before it (RFC 1035 4.2.2) and reports the one that comes back. */
export function sendTcp(server: NameServer, bytes: Buffer, events: TransportEvents): Transport {
  const socket = connect({ host: server.address, port: server.port, noDelay: true });
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    socket.destroy();
  };
  const fail = (reason: string): void => {
    if (!open) return;
    close();
    events.error(reason);
  };
  // Bounded by the length of two octets. The caller's timeout bounds how long a slow server may take.
  let held: Buffer = Buffer.alloc(0);
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the connection was closed before the answer was complete'));
  socket.on('data', (chunk: Buffer) => {
    if (!open) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (held.length < 2) return;
    const end = held.readUInt16BE(0) + 2;
    if (held.length < end) return;
    close();
    events.message(held.subarray(2, end));
  });
  const prefix = Buffer.allocUnsafe(2);
  prefix.writeUInt16BE(bytes.length);
  socket.write(Buffer.concat([prefix, bytes]));
  return { close };
}
