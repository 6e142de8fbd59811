// What is said of a session to programs that mail servers ask, in the forms of Postfix and Sendmail.

import { withoutMapping } from '../values/ip-address.ts';
import type { SessionFacts } from './stage.ts';
import { isIPv6 } from '../values/ip-version.ts';

/** Without a zone. Mail of a program of this host comes from its loopback address, as milters expect it. */
export function clientAddress({ client }: SessionFacts): string {
  const [address = ''] = withoutMapping(client.address).split('%', 1);
  return address === '' ? '127.0.0.1' : address;
}

/** The port of the client; undefined when it is not known. */
export function clientPort({ client: { frontEnd }, connection }: SessionFacts): number | undefined {
  return frontEnd === undefined ? connection.remotePort : frontEnd.clientPort;
}

export function familyOf(address: string): '4' | '6' {
  return isIPv6(address) ? '6' : '4';
}

/** The length of the key, which names of ciphers tell (`TLS_AES_256_GCM_SHA384`, `ECDHE-RSA-AES128-GCM-SHA256`). */
export function cipherBits(cipher: string): string | undefined {
  if (cipher.includes('CHACHA20')) return '256';
  return /(?:AES|CAMELLIA|ARIA)[-_]?(128|256)/.exec(cipher)?.[1];
}

/** Of a distinguished name. */
export function commonName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : (/(?:^|, )CN=([^,]*)/.exec(name)?.[1] ?? name);
}
