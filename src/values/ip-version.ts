// Which text is an IP address: what `isIP` of node:net says, without its expression for IPv6, which takes up to 0.1 s when it is used for the first
// time, where a colon is enough to know. Nearly all texts that are asked about are names.

import { isIPv4, isIPv6 as hasFormOfIpv6 } from 'node:net';

/** 0: it is none. A zone is taken, as in `fe80::1%eth0`. */
export function isIP(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) ? 6 : 0;
}

export function isIPv6(text: string): boolean {
  return text.includes(':') && hasFormOfIpv6(text);
}
