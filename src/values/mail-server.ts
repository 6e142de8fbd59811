// A server that takes mail by another protocol than SMTP, as the configuration names it: "unix:/run/dovecot/lmtp", or a host with a port.

import { type Endpoint, formatEndpoint, parseRemoteHost } from './endpoint.ts';
import { endpointText, type UnixEndpoint } from './hop-endpoint.ts';
import { ValueError } from './value-error.ts';

export type MailServer = UnixEndpoint | ({ readonly kind: 'host' } & Endpoint);

/** unix(7): `sun_path` has 108 bytes, the last of them 0. */
const maxPathBytes = 107;

/**
 * Reads a server.
 * @param example - of what is right, for people
 * @throws {ValueError} when it is not one
 */
export function parseMailServer(text: string, defaultPort: number, example: string): MailServer {
  if (text.startsWith('unix:')) return { kind: 'unix', path: pathOf(text, example) };
  if (text.startsWith('/')) {
    throw new ValueError(`"${text}": write "unix:${text}" for a Unix-domain socket`);
  }
  const { host, port } = parseRemoteHost(text, defaultPort);
  return { kind: 'host', host, port };
}

/** Prints a server as it is written in the configuration. */
export function formatMailServer(server: MailServer): string {
  return server.kind === 'unix' ? endpointText(server) : formatEndpoint(server);
}

function pathOf(text: string, example: string): string {
  const path = text.slice('unix:'.length);
  if (!path.startsWith('/')) {
    throw new ValueError(
      `"${text}": write the whole path of the socket, beginning with a slash, e.g. ${example}`,
    );
  }
  if (/[\x00-\x1f\x7f]/.test(path)) throw new ValueError('the path of a socket has no control characters');
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new ValueError(`"${text}": the path of a socket has at most ${maxPathBytes} bytes`);
  }
  return path;
}
