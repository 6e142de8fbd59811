// A server of QMQP or QMTP as the configuration names it: a host, perhaps with a port, or "unix:" and the path of a socket.

import { type MailServer, parseMailServer } from './mail-server.ts';

export type PackageProtocol = 'qmqp' | 'qmtp';

/** Those of IANA. */
export const packagePorts: Readonly<Record<PackageProtocol, number>> = { qmqp: 628, qmtp: 209 };

/** @throws {ValueError} when it is no server */
export function parsePackageServer(protocol: PackageProtocol, text: string): MailServer {
  const port = packagePorts[protocol];
  return parseMailServer(text, port, `"192.0.2.1" or "qmail.example.net:${port}"`);
}
