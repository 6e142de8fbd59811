// Reads the system's list of name servers, resolv.conf(5): `nameserver` lines and the options `timeout` and `attempts`.

import { readFileSync } from 'node:fs';
import type { NameServer } from './types.ts';
import { isIP } from '../values/ip-version.ts';

export interface ResolvConf {
  /** Never empty: without `nameserver` lines, the server on this host (resolv.conf(5)). */
  readonly servers: readonly NameServer[];
  /** `options timeout:n`, in ms. */
  readonly timeoutMs: number | undefined;
  /** `options attempts:n`. */
  readonly attempts: number | undefined;
}

const dnsPort = 53;
const localServer: NameServer = { address: '127.0.0.1', port: dnsPort };

/** Reads a resolv.conf; a file that cannot be read counts as an empty one, as it does for the C library. */
export function readResolvConf(path = '/etc/resolv.conf'): ResolvConf {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // No file: the defaults.
  }
  return parseResolvConf(text);
}

/** Parses the text of a resolv.conf. Lines that are not understood are skipped. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: NameServer[] = [];
  let timeoutMs: number | undefined;
  let attempts: number | undefined;
  for (const line of text.split('\n')) {
    const words = line.trim().split(/[ \t]+/);
    const [keyword, value] = words;
    if (keyword === 'nameserver' && value !== undefined && isIP(value) !== 0) {
      servers.push({ address: value, port: dnsPort });
    } else if (keyword === 'options') {
      for (const word of words) {
        // The bounds of resolv.conf(5).
        const [option, number] = word.split(':');
        const n = Number(number);
        if (!Number.isInteger(n) || n < 1) continue;
        if (option === 'timeout') timeoutMs = Math.min(n, 30) * 1000;
        if (option === 'attempts') attempts = Math.min(n, 5);
      }
    }
  }
  return { servers: servers.length > 0 ? servers : [localServer], timeoutMs, attempts };
}
