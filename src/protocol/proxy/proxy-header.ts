// The header of the PROXY protocol (HAProxy's specification, versions 1 and 2), with which a load balancer tells whose connection it
// passes on. Pure: bytes in, facts out. A header is taken whole and exactly; what follows it is the client's.

import type { Buffer } from 'node:buffer';
import type { ProxyHeaderVerdict } from './types.ts';
import { readVersion1 } from './version-1.ts';
import { readVersion2, signature } from './version-2.ts';

/** The longest header in octets. Version 2 could have 65,551, of which balancers use some hundred. */
export const maxProxyHeaderOctets = 4096;

const needsMore: ProxyHeaderVerdict = { kind: 'more' };
const noHeader: ProxyHeaderVerdict = { kind: 'invalid', reason: 'it does not begin with a PROXY header' };

const version1 = 'PROXY ';

/**
 * Reads the header at the beginning of a connection.
 * @param bytes - all that was received so far
 */
export function readProxyHeader(bytes: Buffer): ProxyHeaderVerdict {
  const first = bytes[0];
  if (first === undefined) return needsMore;
  if (first === signature[0])
    return beginsWith(bytes, signature) ?? readVersion2(bytes, maxProxyHeaderOctets);
  return beginsWith(bytes, version1Octets) ?? readVersion1(bytes);
}

const version1Octets: Uint8Array = new TextEncoder().encode(version1);

/** Undefined when the bytes begin with this prefix. */
function beginsWith(bytes: Buffer, prefix: Uint8Array): ProxyHeaderVerdict | undefined {
  const present = Math.min(bytes.length, prefix.length);
  for (let i = 0; i < present; i++) if (bytes[i] !== prefix[i]) return noHeader;
  return present < prefix.length ? needsMore : undefined;
}
