// An LMTP server as the configuration names it: "unix:/run/dovecot/lmtp", or a host with a port such as "127.0.0.1:24".

import { type MailServer, parseMailServer } from './mail-server.ts';
import { ValueError } from './value-error.ts';

/** The private mail port of IANA, which LMTP servers commonly use: LMTP has none of its own. */
const defaultPort = 24;
const smtpPort = 25;
const example = '"unix:/run/dovecot/lmtp" or "127.0.0.1:24"';

/**
 * Reads a server.
 * @throws {ValueError} when it is not one, or names port 25.
 */
export function parseLmtpServer(text: string): MailServer {
  const server = parseMailServer(text, defaultPort, example);
  if (server.kind === 'host' && server.port === smtpPort) {
    // RFC 2033 5: an SMTP server there would take the greeting for an error, and the mail never.
    throw new ValueError(
      `"${text}": LMTP is not spoken on port 25; name the server's LMTP port, e.g. ${example}`,
    );
  }
  return server;
}
