// A central server as [front] names it: "smtp://192.0.2.1:25", "lmtp://[2001:db8::1]:24" or "lmtp:unix:/run/dovecot/lmtp". Addresses
// alone: a front end decides within milliseconds, and waits for no name server.

import { parseRemoteHost } from './endpoint.ts';
import { endpointText, type SocketEndpoint } from './hop-endpoint.ts';
import { isIP } from './ip-version.ts';
import { parseLmtpServer } from './lmtp-server.ts';
import { ValueError } from './value-error.ts';

export interface CentreServer {
  readonly kind: 'smtp' | 'lmtp';
  readonly endpoint: SocketEndpoint;
}

const examples = '"smtp://192.0.2.1:25" or "lmtp://192.0.2.1:24"';

/**
 * Reads a server.
 * @throws {ValueError} when it is not one.
 */
export function parseCentreServer(text: string): CentreServer {
  const [, kind = '', rest = ''] = /^(smtp|lmtp):(.*)$/i.exec(text) ?? [];
  if (kind === '') throw new ValueError(`"${text}": write the protocol and an address, e.g. ${examples}`);
  const isLmtp = kind.toLowerCase() === 'lmtp';
  if (rest.startsWith('unix:')) {
    const server = parseLmtpServer(rest);
    if (server.kind === 'unix') return { kind: isLmtp ? 'lmtp' : 'smtp', endpoint: server };
  }
  if (!rest.startsWith('//')) throw new ValueError(`"${text}": write it like ${examples}`);
  const { host, port } = parseRemoteHost(rest.slice(2), isLmtp ? 24 : 25);
  if (isIP(host) === 6 && !rest.startsWith('//['))
    throw new ValueError(
      `"${text}": write an IPv6 address in brackets, e.g. "${kind.toLowerCase()}://[2001:db8::1]:${isLmtp ? 24 : 25}"`,
    );
  if (isIP(host) === 0) throw new ValueError(`"${text}": central servers are IP addresses, e.g. ${examples}`);
  // RFC 2033 5.
  if (isLmtp && port === 25) throw new ValueError(`"${text}": LMTP is not spoken on port 25`);
  return { kind: isLmtp ? 'lmtp' : 'smtp', endpoint: { kind: 'tcp', ip: host, port } };
}

/** Prints a server as it is written in the configuration. */
export function formatCentreServer({ kind, endpoint }: CentreServer): string {
  return endpoint.kind === 'unix'
    ? `${kind}:${endpointText(endpoint)}`
    : `${kind}://${endpointText(endpoint)}`;
}
