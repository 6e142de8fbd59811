// Writes headers of version 2 of the PROXY protocol, right and wrong ones.

import { Buffer } from 'node:buffer';
import { crc32c } from '../../../src/protocol/proxy/crc32c.ts';

export interface Version2 {
  /** Version and command; version 2, PROXY, when not given. */
  readonly command?: number;
  /** Family and transport; TCP over IPv4 when not given. */
  readonly protocol?: number;
  /** All that follows the length. */
  readonly addresses?: Buffer;
}

export function version2({ command = 0x21, protocol = 0x11, addresses }: Version2): Buffer {
  const rest = addresses ?? ipv4('192.0.2.1', '192.0.2.2', 1, 2);
  const head = Buffer.from([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, command, protocol, 0, 0]);
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
}

/** The same with a record for the checksum at its end, which is right. */
export function withChecksum(header: Version2): Buffer {
  const rest = header.addresses ?? ipv4('192.0.2.1', '192.0.2.2', 1, 2);
  const whole = version2({ ...header, addresses: Buffer.concat([rest, record(3, '\0\0\0\0')]) });
  whole.writeUInt32BE(crc32c(whole, 0, 0), whole.length - 4);
  return whole;
}

export function ipv4(
  source: string,
  destination: string,
  sourcePort: number,
  destinationPort: number,
): Buffer {
  const octets = [...source.split('.'), ...destination.split('.')].map(Number);
  return Buffer.from([
    ...octets,
    sourcePort >> 8,
    sourcePort & 255,
    destinationPort >> 8,
    destinationPort & 255,
  ]);
}

/** Addresses as 32 hexadecimal digits. */
export function ipv6(
  source: string,
  destination: string,
  sourcePort: number,
  destinationPort: number,
): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  return Buffer.concat([Buffer.from(source + destination, 'hex'), ports]);
}

export function record(type: number, value: string): Buffer {
  return Buffer.from([type, value.length >> 8, value.length & 255, ...Buffer.from(value, 'latin1')]);
}
