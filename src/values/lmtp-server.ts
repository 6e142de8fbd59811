// An LMTP server as the configuration names it: "unix:/run/dovecot/lmtp", or a host with a port such as "127.0.0.1:24".

import { type Endpoint, formatEndpoint, parseRemoteHost } from './endpoint.ts';
import { endpointText, type UnixEndpoint } from './hop-endpoint.ts';
import { ValueError } from './value-error.ts';

export type LmtpServer = UnixEndpoint | ({ readonly kind: 'host' } & Endpoint);

/** The private mail port of IANA, which LMTP servers commonly use: LMTP has none of its own. */
const defaultPort = 24;
const smtpPort = 25;
/** unix(7): `sun_path` has 108 bytes, the last of them 0. */
const maxPathBytes = 107;
const example = '"unix:/run/dovecot/lmtp" or "127.0.0.1:24"';

/**
 * Reads a server.
 * @throws {ValueError} when it is not one, or names port 25.
 */
export function parseLmtpServer(text: string): LmtpServer {
  if (text.startsWith('unix:')) return { kind: 'unix', path: pathOf(text) };
  if (text.startsWith('/')) {
    throw new ValueError(`"${text}": write "unix:${text}" for a Unix-domain socket`);
  }
  const { host, port } = parseRemoteHost(text, defaultPort);
  if (port === smtpPort) {
    // RFC 2033 5: an SMTP server there would take the greeting for an error, and the mail never.
    throw new ValueError(
      `"${text}": LMTP is not spoken on port 25; name the server's LMTP port, e.g. ${example}`,
    );
  }
  return { kind: 'host', host, port };
}

/** Prints a server as it is written in the configuration. */
export function formatLmtpServer(server: LmtpServer): string {
  return server.kind === 'unix' ? endpointText(server) : formatEndpoint(server);
}

function pathOf(text: string): string {
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
