// Version 2 of the PROXY header (section 2.2 of HAProxy's specification): binary, with a length in front.
// Promises: nothing is read beyond that length, and records (TLV) that do not fill it exactly are refused.

import type { Buffer } from 'node:buffer';
import { plainIp } from '../../values/ip-address.ts';
import { crc32c } from './crc32c.ts';
import type { ProxyHeaderVerdict, ProxySource } from './types.ts';

/** The first bytes: chosen so that no server of another protocol takes them for its own. */
export const signature: Uint8Array = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);

/** Signature, version and command, family and transport, length. */
const fixedOctets = 16;

const local = 0;
const proxy = 1;

const families = { unspecified: 0, ipv4: 1, ipv6: 2, unix: 3 };
const stream = 1;

/** Section 2.2: two addresses and two ports. */
const ipv4Octets = 12;
const ipv6Octets = 36;
const unixOctets = 216;

/** Section 2.2.3: PP2_TYPE_CRC32C. */
const checksumRecord = 3;
const recordHead = 3;

const none: ProxySource = { kind: 'none' };

/**
 * @param bytes - all that was received so far, beginning with the signature
 * @param maxOctets - the longest header that is taken
 */
export function readVersion2(bytes: Buffer, maxOctets: number): ProxyHeaderVerdict {
  if (bytes.length < fixedOctets) return { kind: 'more' };
  const command = bytes.readUInt8(12);
  const protocol = bytes.readUInt8(13);
  const octets = fixedOctets + bytes.readUInt16BE(14);
  if (command >>> 4 !== 2) return invalid('its version is not 2');
  if ((command & 15) > proxy) return invalid('its command is neither LOCAL nor PROXY');
  if (octets > maxOctets) return invalid(`it has more than ${maxOctets} octets`);
  if (bytes.length < octets) return { kind: 'more' };
  // Section 2.2: of a LOCAL header, all that follows must be discarded.
  if ((command & 15) === local) return { kind: 'header', octets, source: none };
  return readProxied(bytes.subarray(0, octets), protocol);
}

/** @param header - the whole header */
function readProxied(header: Buffer, protocol: number): ProxyHeaderVerdict {
  const family = protocol >>> 4;
  const transport = protocol & 15;
  if (transport > 2 || family > families.unix) return invalid('its address family or transport is unknown');
  const octets = header.length;
  if (family === families.unspecified || transport === 0) return { kind: 'header', octets, source: none };
  if (transport !== stream) return invalid('it is about datagrams');
  const addresses = addressOctets(family);
  if (octets < fixedOctets + addresses) return invalid('its length is too small for its addresses');
  const problem = problemOfRecords(header, fixedOctets + addresses);
  if (problem !== undefined) return invalid(problem);
  if (family === families.unix) return { kind: 'header', octets, source: none };
  const size = family === families.ipv4 ? 4 : 16;
  const ports = fixedOctets + 2 * size;
  return {
    kind: 'header',
    octets,
    source: {
      kind: 'client',
      client: { address: addressAt(header, fixedOctets, size), port: header.readUInt16BE(ports) },
      destination: {
        address: addressAt(header, fixedOctets + size, size),
        port: header.readUInt16BE(ports + 2),
      },
    },
  };
}

function addressOctets(family: number): number {
  if (family === families.ipv4) return ipv4Octets;
  return family === families.ipv6 ? ipv6Octets : unixOctets;
}

function addressAt(header: Buffer, start: number, size: number): string {
  if (size === 4) return header.subarray(start, start + size).join('.');
  const groups: string[] = [];
  for (let at = start; at < start + size; at += 2) groups.push(header.readUInt16BE(at).toString(16));
  return plainIp(groups.join(':'));
}

/** Walks through the records behind the addresses (section 2.2.1). @returns what is wrong with them; undefined when nothing is */
function problemOfRecords(header: Buffer, start: number): string | undefined {
  let at = start;
  while (at < header.length) {
    if (at + recordHead > header.length) return 'its last record is cut off';
    const type = header.readUInt8(at);
    const end = at + recordHead + header.readUInt16BE(at + 1);
    if (end > header.length) return 'a record is longer than the header';
    if (type === checksumRecord && !hasRightChecksum(header, at + recordHead, end)) {
      return 'its checksum is wrong';
    }
    at = end;
  }
  return undefined;
}

/** Section 2.2.3: the CRC32C of the whole header, with zeros in place of the checksum. */
function hasRightChecksum(header: Buffer, start: number, end: number): boolean {
  return end - start === 4 && header.readUInt32BE(start) === crc32c(header, start, end);
}

function invalid(reason: string): ProxyHeaderVerdict {
  return { kind: 'invalid', reason };
}
