// [deliver]: outgoing connections: how many, to whom, and how long a destination may take.

import { duration, key, listOf, oneOf, textOf, wholeNumber, yesNo, tableOf } from './fields.ts';
import { depth } from './quirk.ts';
import { relayHosts } from './route-else.ts';
import { hostName, mxHostName, ownAddress } from './texts.ts';
import { file, levelMeaning, plainLevels } from './tls.ts';

const hourMs = 3_600_000;

/** The keys of [deliver]. */
export const deliver = tableOf({
  helo_name: key(
    textOf('a host name such as "mail.example.com"', hostName).optional(),
    'The host name that Sluice sends in EHLO. Its address record should give the address that you send from, and the PTR record of that address should give this name.',
    { defaultText: 'hostname', example: '"mail.example.com"' },
  ),
  port: key(wholeNumber(1, 65_535).default(25), 'The port of destinations found by MX.'),
  fallback_relay: key(
    relayHosts().optional(),
    'Hosts that get the mail of a domain while none of its MX hosts can be reached or looked up, the first that works. They are written as in relay of a [[route]]. A route may have others.',
    { defaultText: 'none: such mail waits', example: '["fallback.example.net"]' },
  ),
  own_names: key(
    listOf(
      textOf('a host name such as "mx2.example.org"', mxHostName),
      'host names such as ["mx2.example.org"]',
    ).default([]),
    'Other names of this server in MX records, beside hostname: mail never goes to these hosts, nor to those that MX records prefer less (RFC 5321 5.1).',
    { example: '["mx2.example.org"]' },
  ),
  own_addresses: key(
    listOf(
      textOf('an IP address such as "192.0.2.1"', ownAddress),
      'addresses such as ["192.0.2.1"]',
    ).default([]),
    'Addresses under which others reach this server and that it does not have itself, as behind NAT: mail never goes to hosts with these, nor to those that MX records prefer less.',
    { example: '["192.0.2.1"]' },
  ),
  max_connections: key(
    wholeNumber(0, 1_000_000).default(1000),
    'Outgoing connections in total; 0 stops delivery. [[limit]] sets how many go to one destination.',
  ),
  max_local: key(
    wholeNumber(0, 10_000).default(50),
    'The most programs that run at the same time, and other work that stays on this host (the routes with pipe, archive, redirect and discard). It does not count against max_connections. 0 stops this work.',
  ),
  max_unanswered: key(
    wholeNumber(0, 1_000_000).default(10_000),
    'When max_connections is reached, connections that no host has greeted on within unanswered_after count against this limit instead, so that dead destinations do not delay others. Open files and ports may allow fewer. 0: they keep counting against max_connections until unanswered_give_up.',
  ),
  unanswered_after: key(
    duration(10, hourMs).prefault('150ms'),
    'When max_connections is reached and mail waits, a connection without a greeting moves to the limit max_unanswered after this time. It stays open.',
  ),
  unanswered_extra: key(
    wholeNumber(0, 100).default(4),
    'Extra connections allowed above max_connections, within max_unanswered, for each connection that has moved there and for each that failed in the last one or two seconds. They go only to sites that have not greeted on an open connection.',
  ),
  unanswered_give_up: key(
    duration(1_000, hourMs).prefault('3s'),
    'When max_unanswered is reached as well and mail waits, connections without a greeting for this long are closed. Their addresses are not used for the time of address_rest. For the mail, this is no failed attempt.',
  ),
  unanswered_patient_one_in: key(
    wholeNumber(1, 1_000_000).default(20),
    'The part of max_connections and max_unanswered together that unanswered_give_up never closes: one in this many. It is kept for the oldest connections without a greeting, which only timeout_connect and timeout_greeting close.',
  ),
  unanswered_patient_least: key(
    wholeNumber(0, 1_000_000).default(10),
    'The least number of connections that unanswered_give_up never closes; see unanswered_patient_one_in.',
  ),
  recipients_per_transaction: key(
    wholeNumber(1, 100_000).default(100),
    'The most recipients of one message in one SMTP transaction (RFC 5321 4.5.3.1.8: every server accepts 100).',
  ),
  transactions_per_connection: key(
    wholeNumber(1, 1_000_000).default(100),
    'The most messages sent over one connection before a new one is opened.',
  ),
  pipeline_depth: key(
    depth().optional(),
    'The most messages on the way on one connection, with servers that offer PIPELINING: the commands of the next message leave with the content of the one before. 0 and 1: one message at a time, without CHUNKING. More than 2 is of use only with servers that offer CHUNKING.',
    { defaultText: '2; 4 with servers that offer CHUNKING', example: '1' },
  ),
  idle_connection: key(
    duration().prefault('5s'),
    'How long a connection is kept open for the next message to the same site.',
  ),
  address_rest: key(
    listOf(duration(1, 7 * 24 * hourMs), 'durations such as ["15s", "1m"]')
      .min(1, 'must hold one duration at least')
      .prefault(['15s', '1m', '4m', '15m', '1h']),
    'How long an address is not used after a connection to it failed: after the first failure, the second, and so on; the last one repeats.',
  ),
  source_rest: key(
    duration(1_000, hourMs).prefault('10s'),
    'How long a [[source]] is not used after this host could not even start a connection from it, because the address is not on this host or no port or open file is left. When no other source can be used, the address of the destination is not used for this time instead.',
  ),
  tls: key(
    oneOf(plainLevels).default('opportunistic'),
    `Which TLS connections must have where no [[tls]], no [[route]] and nothing that the domain publishes says more. ${levelMeaning}`,
  ),
  dane: key(
    oneOf(['auto', 'off']).default('auto'),
    'Whether TLSA records of hosts are obeyed (DANE, RFC 7672): "auto" does so where validating in [dns] is true, and "off" never.',
  ),
  mta_sts: key(
    yesNo().default(true),
    'Look for what domains publish by MTA-STS (RFC 8461), and keep to it: mail to a domain with a policy in mode enforce goes only to hosts that the policy names, under TLS with a certificate that is valid for them.',
  ),
  mta_sts_ca: key(
    file().optional(),
    'A file with the certificates of the authorities to trust when policies of MTA-STS are fetched, in PEM. It is read again on reload.',
    { defaultText: 'the authorities of the system', example: '"/etc/sluice/private-ca.pem"' },
  ),
  ipv4: key(yesNo().default(true), 'Deliver to IPv4 addresses.'),
  ipv6: key(
    yesNo().default(true),
    'Deliver to IPv6 addresses. Set it to false on a host that cannot reach the Internet by IPv6.',
  ),
  timeout_connect: key(duration(1).prefault('30s'), 'How long a connection may take to open.'),
  timeout_greeting: key(
    duration(1).prefault('5m'),
    'How long the destination may take to send its greeting (RFC 5321 4.5.3.2.1).',
  ),
  timeout_helo: key(duration(1).prefault('5m'), 'How long the destination may take to answer EHLO or HELO.'),
  timeout_handshake: key(
    duration(1).prefault('30s'),
    'How long a TLS handshake may take. Where TLS may be missing, the message then goes in clear over a new connection.',
  ),
  timeout_mail: key(
    duration(1).prefault('5m'),
    'How long the destination may take to answer MAIL (RFC 5321 4.5.3.2.2).',
  ),
  timeout_rcpt: key(
    duration(1).prefault('5m'),
    'How long the destination may take to answer each RCPT (RFC 5321 4.5.3.2.3).',
  ),
  timeout_data: key(
    duration(1).prefault('2m'),
    'How long the destination may take to answer DATA (RFC 5321 4.5.3.2.4).',
  ),
  timeout_block: key(
    duration(1).prefault('3m'),
    'How long the destination may read nothing while a message is sent (RFC 5321 4.5.3.2.5).',
  ),
  timeout_final: key(
    duration(1).prefault('10m'),
    'How long the destination may take to reply after the end of a message (RFC 5321 4.5.3.2.6). When this is too short, messages are delivered twice.',
  ),
  timeout_rset: key(
    duration(1).prefault('20s'),
    'How long the destination may take to answer RSET between two messages.',
  ),
  timeout_quit: key(
    duration(1).prefault('5s'),
    'How long the destination may take to answer QUIT before Sluice closes the connection.',
  ),
}).superRefine((value, context) => {
  if (!value.ipv4 && !value.ipv6) {
    context.addIssue({
      code: 'custom',
      message: 'must not be false together with ipv4: nothing could be delivered',
      path: ['ipv6'],
    });
  }
});
