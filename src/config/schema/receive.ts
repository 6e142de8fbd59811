// [receive]: who may hand mail in, how much of it, and how long a client may take.

import { z } from 'zod';

import { parseDomainPattern } from '../../values/domain.ts';
import { parseFingerprint } from '../../values/fingerprint.ts';
import { parseRate } from '../../values/rate.ts';
import { parseSize } from '../../values/size.ts';
import { ValueError } from '../../values/value-error.ts';
import { duration, key, listOf, oneOf, size, textOf, wholeNumber, yesNo, tableOf } from './fields.ts';
import { networks } from './lists.ts';
import { fieldName, greetingText } from './texts.ts';

/** 0 for no limit, or at least the 1000 bytes that a line may have by RFC 5321 4.5.3.1.6. */
function textLine() {
  return textOf('a size such as "1000B", or "0B" for no limit', (text) => {
    const bytes = parseSize(text);
    if (bytes !== 0 && bytes < 1000)
      throw new ValueError(`"${text}" is too small: at least 1000 bytes, or 0B`);
    return bytes;
  });
}

const extensions = tableOf({
  pipelining: key(
    yesNo().default(true),
    'Announce PIPELINING (RFC 2920): a client may send commands without waiting for each reply.',
  ),
  chunking: key(
    yesNo().default(true),
    'Announce CHUNKING (RFC 3030): messages may come in counted pieces (BDAT) instead of DATA.',
  ),
  smtputf8: key(
    yesNo().default(true),
    'Announce SMTPUTF8 (RFC 6531): addresses and headers may use letters outside ASCII.',
  ),
  eight_bit_mime: key(
    yesNo().default(true),
    'Announce 8BITMIME (RFC 6152): message bodies may have the eighth bit set.',
  ),
  dsn: key(
    yesNo().default(true),
    'Announce DSN (RFC 3461): senders may say which delivery reports they want.',
  ),
  size: key(
    yesNo().default(true),
    'Announce SIZE (RFC 1870): clients learn max_message_size before they send.',
  ),
  vrfy: key(
    yesNo().default(true),
    'Announce VRFY (RFC 5321 3.5). It never says whether a mailbox exists: the answer is 252.',
  ),
  mt_priority: key(
    yesNo().default(true),
    'Announce MT-PRIORITY (RFC 6710): clients in relay_networks may give their messages a priority from -9 to 9; higher goes first.',
  ),
});

/** The values of the keys that a listener may have for itself, and an example of each. */
const ofListener = {
  relay_networks: networks(),
  relay_domains: listOf(
    textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
    'domains such as ["example.com", "*.example.net"]',
  ),
  relay_certificates: listOf(
    textOf('a fingerprint such as "sha256:0a1b..."', parseFingerprint),
    'fingerprints such as ["sha256:0a1b..."]',
  ),
  relay_ca: z.string({ error: 'must be the name of a file' }).min(1, 'must be the name of a file'),
  login_ca: z.string({ error: 'must be the name of a file' }).min(1, 'must be the name of a file'),
  max_message_size: size(1024),
  max_recipients: wholeNumber(1, 1_000_000),
  max_connections: wholeNumber(1, 1_000_000),
  max_connections_per_client: wholeNumber(1, 1_000_000),
  client_limits_exempt: networks(),
  connection_rate_per_client: textOf('a rate such as "600/min"', parseRate),
  max_errors: wholeNumber(1, 1_000_000),
  max_received: wholeNumber(1, 10_000),
  max_transactions: wholeNumber(0, 1_000_000_000),
  max_command_line: size(512, 1024 * 1024),
  max_text_line: textLine(),
  priority_header: textOf('the name of a header field such as "MT-Priority"', fieldName),
  bare_newlines: oneOf(['refuse', 'repair']),
  tls: oneOf(['none', 'offered', 'required', 'implicit']),
  auth: oneOf(['none', 'offered', 'required']),
  tls_min_version: oneOf(['1.2', '1.3']),
  tls_handshake_timeout: duration(1),
  timeout_command: duration(1),
  timeout_data: duration(1),
  timeout_session: duration(1),
  greeting: textOf('a text', greetingText),
};

/** The keys of [receive] and [receive.extensions]. */
export const receive = tableOf({
  relay_networks: key(
    ofListener.relay_networks.prefault(['127.0.0.0/8', '::1/128']),
    'Clients in these networks may send to any domain. All other clients may send only to relay_domains. List only networks that you run yourself.',
  ),
  relay_certificates: key(
    ofListener.relay_certificates.prefault([]),
    'Clients that show one of these certificates in TLS may send to any domain, from any network. Each is named by the SHA-256 fingerprint of the certificate; its dates are not looked at. Clients are asked for a certificate where this key or relay_ca is set: set them for the listener of these clients, not for port 25.',
  ),
  relay_ca: key(
    ofListener.relay_ca.optional(),
    'A file in PEM form with certificates of authorities: clients that show a valid certificate of one of them in TLS may send to any domain. Name only an authority that you run yourself. The file is read again within ten seconds when it changes.',
    { example: '"/etc/sluice/clients-ca.pem"' },
  ),
  login_ca: key(
    ofListener.login_ca.optional(),
    'A file in PEM form with certificates of authorities: clients that show a valid certificate of one of them in TLS may log in by EXTERNAL, as the user whose address is in it. Name only an authority that gives to each user a certificate for the own address alone. The file is read again within ten seconds when it changes.',
    { example: '"/etc/sluice/users-ca.pem"' },
  ),
  relay_domains: key(
    ofListener.relay_domains.prefault([]),
    'Mail for these domains is accepted from anyone. "*.example.com" means every domain under example.com, not example.com itself.',
  ),
  relay_domains_file: key(
    z.string({ error: 'must be the name of a file' }).min(1, 'must be the name of a file').optional(),
    'A file with more relay_domains, one per line; empty lines and lines that begin with # are skipped. It is read again on reload.',
    { example: '"relay-domains.txt"' },
  ),
  max_message_size: key(
    ofListener.max_message_size.prefault('50MiB'),
    'A larger message is refused: at MAIL when the client says its size there, otherwise at the end of the message.',
  ),
  max_recipients: key(
    ofListener.max_recipients.default(1000),
    'The most recipients of one message. Each further one is answered 452, so that the client sends the message to it again. RFC 5321 asks for at least 100.',
  ),
  max_connections: key(
    ofListener.max_connections.default(10_000),
    'Clients connected at the same time, to all receiver processes together; one more is answered 421.',
  ),
  max_connections_per_client: key(
    ofListener.max_connections_per_client.default(200),
    'Connections at the same time from one IP address; one more is answered 421.',
  ),
  client_limits_exempt: key(
    ofListener.client_limits_exempt.optional(),
    'The limits max_connections_per_client, connection_rate_per_client and max_errors, and those of unknown recipients, do not apply to clients in these networks.',
    { defaultText: 'the same as relay_networks', example: '["127.0.0.0/8", "::1/128"]' },
  ),
  connection_rate_per_client: key(
    ofListener.connection_rate_per_client.prefault('600/min'),
    'Rate of new connections from one IP address; one more is answered 421.',
  ),
  max_errors: key(
    ofListener.max_errors.default(20),
    'After this many refused commands in one session, the client is answered 421 and disconnected.',
  ),
  unknown_recipients_free: key(
    wholeNumber(0, 1_000_000).default(10),
    'So many recipients of one session that do not exist (550 5.1.1) are answered at once; each further one waits unknown_recipient_delay. Neither this nor the keys below apply to users who have logged in, to clients that may relay and to client_limits_exempt.',
  ),
  unknown_recipient_delay: key(
    duration(0, 60_000).prefault('1s'),
    'How long the answer to each further recipient that does not exist waits; "0s" for not at all.',
  ),
  max_unknown_recipients: key(
    wholeNumber(0, 1_000_000).default(0),
    'After this many recipients that do not exist, the next one ends the session with 421; 0 for no limit but max_errors.',
  ),
  unknown_recipient_rate_per_client: key(
    textOf('a rate such as "100/hour"', parseRate).optional(),
    'Rate of recipients that do not exist, over all sessions of one IPv4 address or one IPv6 /64. Above it, the session ends, and new ones are answered 421 for unknown_recipient_rest.',
    { defaultText: 'no limit', example: '"100/hour"' },
  ),
  unknown_recipient_rest: key(
    duration(1000, 86_400_000).prefault('1h'),
    'How long a client is refused that has gone beyond unknown_recipient_rate_per_client.',
  ),
  max_received: key(
    ofListener.max_received.default(100),
    'A message that comes with this many Received lines or more is in a mail loop and is refused (RFC 5321 6.3).',
  ),
  max_transactions: key(
    ofListener.max_transactions.default(0),
    'The most messages in one connection; 0 for no limit.',
  ),
  max_command_line: key(
    ofListener.max_command_line.prefault('2KiB'),
    'The longest command line, including its line end; a longer one is answered 500. RFC 5321 4.5.3.1.4 asks for at least 512 bytes, and extensions ask for more.',
  ),
  max_text_line: key(
    ofListener.max_text_line.prefault('0B'),
    'The longest line of a message, including its line end; "0B" for no limit. RFC 5321 4.5.3.1.6 allows 1000 bytes. A limit refuses the mail of programs that write longer lines.',
  ),
  priority_header: key(
    ofListener.priority_header.optional(),
    'A header field with the priority of a message, -9 to 9, which is used when MAIL gives none (RFC 6758). It counts only from clients in relay_networks.',
    { defaultText: 'none', example: '"MT-Priority"' },
  ),
  bare_newlines: key(
    ofListener.bare_newlines.default('refuse'),
    'What to do with a message that has a line feed or a carriage return on its own: "refuse" it, or "repair" it: a line feed becomes a proper line end, together with the carriage returns before it; another carriage return becomes a blank in the header and a line end in the body. Neither ever ends a message, begins a command or, for a carriage return, begins a header field.',
  ),
  tls: key(
    ofListener.tls.default('offered'),
    'TLS with clients: "offered" by STARTTLS (RFC 3207); "required": mail is taken only after STARTTLS, which a server that the whole Internet sends to must not ask for; "implicit": TLS from the first byte on, as on port 465 (RFC 8314); or "none". Unix-domain sockets have none, unless it is set for them under [[listen]].',
  ),
  auth: key(
    ofListener.auth.default('none'),
    'Log-ins (AUTH, RFC 4954) of the users of [[directory]], who may send to any domain: "offered"; "required": no mail is taken from clients that have neither logged in nor shown a certificate by which they may relay, as on the ports for submission 587 and 465, and never on port 25, where other servers hand in mail; or "none". LMTP has none. A [[listen]] on port 587 or 465 needs no auth when there is a [[directory]]: log-ins are required there, and TLS (on port 465 "implicit"), unless its own auth is "none".',
  ),
  tls_min_version: key(
    ofListener.tls_min_version.default('1.2'),
    'The oldest version of TLS that is spoken. Older ones than 1.2 are broken (RFC 8996).',
  ),
  tls_handshake_timeout: key(
    ofListener.tls_handshake_timeout.prefault('30s'),
    'How long a client may take for a whole TLS handshake.',
  ),
  max_tls_handshakes: key(
    wholeNumber(1, 1_000_000).default(1000),
    'TLS handshakes under way at the same time, in all receiver processes together. STARTTLS of one more is answered 454; where TLS is implicit, the connection is closed.',
  ),
  max_tls_handshakes_per_client: key(
    wholeNumber(1, 1_000_000).default(100),
    'TLS handshakes under way at the same time from one IP address. client_limits_exempt applies.',
  ),
  tls_failures_per_client: key(
    textOf('a rate such as "20/min"', parseRate).prefault('20/min'),
    'Rate of TLS handshakes from one IP address that may fail. Above it, STARTTLS of this client is answered 454, or where TLS is implicit the connection is closed, until the rate is lower again. client_limits_exempt applies.',
  ),
  timeout_command: key(
    ofListener.timeout_command.prefault('5m'),
    'How long a client may take to send its next command, from our last reply to the end of the line (RFC 5321 4.5.3.2.7 asks for 5 minutes at least).',
  ),
  timeout_data: key(
    ofListener.timeout_data.prefault('5m'),
    'How long a client may take for the next 512 bytes of a message.',
  ),
  timeout_session: key(
    ofListener.timeout_session.prefault('2h'),
    'The longest time that a session may last, even a busy one. It ends between two messages where that is possible.',
  ),
  large_message: key(
    size(1024).prefault('1MiB'),
    'A message larger than this goes to a file of its own while it arrives, and is never held in memory as a whole.',
  ),
  memory_limit: key(
    size(1024 * 1024).prefault('256MiB'),
    'The most message content that one receiver process holds in memory, for all its sessions together. Above it, new messages are answered 452 until some are on disk.',
  ),
  greeting: key(
    ofListener.greeting.prefault('ESMTP Sluice'),
    'The text after the host name in the greeting (220).',
  ),
  extensions: key(
    extensions.prefault({}),
    'Which extensions of SMTP are announced to clients. Set one to false only for a client that breaks when it is announced.',
  ),
});

/** Examples of these keys, for the reference. */
const examples: Readonly<Record<keyof typeof ofListener, string>> = {
  relay_networks: '["192.0.2.0/24"]',
  relay_certificates: '["sha256:0a1b..."]',
  relay_ca: '"/etc/sluice/clients-ca.pem"',
  login_ca: '"/etc/sluice/users-ca.pem"',
  relay_domains: '["example.com"]',
  max_message_size: '"10MiB"',
  max_recipients: '100',
  max_connections: '100',
  max_connections_per_client: '10',
  client_limits_exempt: '["127.0.0.0/8"]',
  connection_rate_per_client: '"60/min"',
  max_errors: '5',
  max_received: '30',
  max_transactions: '100',
  max_command_line: '"1KiB"',
  max_text_line: '"1000B"',
  priority_header: '"MT-Priority"',
  bare_newlines: '"repair"',
  tls: '"required"',
  auth: '"required"',
  tls_min_version: '"1.3"',
  tls_handshake_timeout: '"10s"',
  timeout_command: '"1m"',
  timeout_data: '"1m"',
  timeout_session: '"30m"',
  greeting: '"ESMTP"',
};

type Overrides = { [Key in keyof typeof ofListener]: z.ZodOptional<(typeof ofListener)[Key]> };

/** The keys of [receive] that a [[listen]] may have, too: all are optional, and have no default. */
export function receiveOverrides(): Overrides {
  const entries = Object.entries(ofListener).map(([name, value]) => [
    name,
    key(value.optional(), `As in [receive], for this listener alone.`, {
      defaultText: 'as in [receive]',
      example: examples[name as keyof typeof ofListener],
    }),
  ]);
  return Object.fromEntries(entries) as Overrides;
}
