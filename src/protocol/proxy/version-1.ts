// Version 1 of the PROXY header (section 2.1 of HAProxy's specification): one line of text.
// Promises: the line is taken by its grammar alone: no leading zeros, no second blank, no bare CR or LF.

import type { Buffer } from 'node:buffer';
import { isIPv4 } from 'node:net';
import { plainIp } from '../../values/ip-address.ts';
import type { ProxyHeaderVerdict, ProxySource } from './types.ts';
import { isIPv6 } from '../../values/ip-version.ts';

/** Section 2.1: the longest line, with its CRLF. */
const maxOctets = 107;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

const none: ProxySource = { kind: 'none' };
const port = /^(?:0|[1-9]\d{0,4})$/;

/** @param bytes - all that was received so far, beginning with `PROXY ` */
export function readVersion1(bytes: Buffer): ProxyHeaderVerdict {
  const seen = Math.min(bytes.length, maxOctets);
  for (let i = 0; i < seen; i++) {
    const octet = bytes[i];
    if (octet === lineFeed) return invalid('its line ends with a bare LF');
    if (octet !== carriageReturn) continue;
    const next = bytes[i + 1];
    if (i + 1 === maxOctets) break;
    if (next === undefined) return { kind: 'more' };
    if (next !== lineFeed) return invalid('its line has a bare CR');
    return readLine(bytes.toString('latin1', 0, i), i + 2);
  }
  return bytes.length < maxOctets ? { kind: 'more' } : invalid(`its line has more than ${maxOctets} octets`);
}

function readLine(line: string, octets: number): ProxyHeaderVerdict {
  const [, family, ...rest] = line.split(' ');
  // Section 2.1: what follows UNKNOWN must be ignored.
  if (family === 'UNKNOWN') return { kind: 'header', octets, source: none };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIpv6 : undefined;
  if (isAddress === undefined) return invalid('its protocol is none of TCP4, TCP6 and UNKNOWN');
  const [source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = rest;
  if (more.length > 0 || !isAddress(source) || !isAddress(destination)) {
    return invalid('its addresses are malformed');
  }
  if (!isPort(sourcePort) || !isPort(destinationPort)) return invalid('its ports are malformed');
  return {
    kind: 'header',
    octets,
    source: {
      kind: 'client',
      client: { address: plainIp(source), port: Number(sourcePort) },
      destination: { address: plainIp(destination), port: Number(destinationPort) },
    },
  };
}

/** A zone (`fe80::1%eth0`) has no meaning on another host. */
function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return port.test(text) && Number(text) <= 0xffff;
}

function invalid(reason: string): ProxyHeaderVerdict {
  return { kind: 'invalid', reason };
}
