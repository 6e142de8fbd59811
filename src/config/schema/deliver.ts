// [deliver]: outgoing connections: how many, to whom, and how long a destination may take.

import { duration, key, listOf, textOf, wholeNumber, yesNo, tableOf } from './fields.ts';
import { hostName } from './texts.ts';

/** The keys of [deliver]. */
export const deliver = tableOf({
  helo_name: key(
    textOf('a host name such as "mail.example.com"', hostName).optional(),
    'The name that Sluice gives itself in EHLO. Its address record should lead to the address that you send from, and that address back to this name.',
    { defaultText: 'hostname', example: '"mail.example.com"' },
  ),
  port: key(wholeNumber(1, 65_535).default(25), 'The port of destinations found by MX.'),
  max_connections: key(
    wholeNumber(0, 1_000_000).default(1000),
    'Outgoing connections in all; 0 stops delivery. How many go to one destination is said by [[limit]].',
  ),
  max_unanswered: key(
    wholeNumber(0, 1_000_000).default(10_000),
    'When max_connections is reached, connections that no host has greeted on within unanswered_after count against this limit instead, so that dead destinations do not delay others. As far as open files and ports allow; with 0 they hold their room until unanswered_give_up.',
  ),
  unanswered_after: key(
    duration(10).prefault('150ms'),
    'When max_connections is reached and mail waits, a connection without a greeting moves to the limit max_unanswered after this time. It stays open.',
  ),
  unanswered_extra: key(
    wholeNumber(0, 100).default(4),
    'Extra connections above max_connections, within max_unanswered, for each one that has moved there and for each that failed in the last one or two seconds. They go only to sites that have not greeted on an open connection.',
  ),
  unanswered_give_up: key(
    duration(1_000).prefault('3s'),
    'When max_unanswered is reached as well and mail waits, connections without a greeting for this long are closed. Their addresses rest as address_rest says; their mail has no failed attempt.',
  ),
  unanswered_patient_one_in: key(
    wholeNumber(1, 1_000_000).default(20),
    'The oldest connections without a greeting are not closed that way, but only by timeout_connect and timeout_greeting: one in so many of max_connections and max_unanswered together.',
  ),
  unanswered_patient_least: key(
    wholeNumber(0, 1_000_000).default(10),
    'At least so many of the oldest connections without a greeting are not closed that way.',
  ),
  recipients_per_transaction: key(
    wholeNumber(1, 100_000).default(100),
    'Recipients of one message that are handed over together (RFC 5321 4.5.3.1.8: every server takes 100).',
  ),
  transactions_per_connection: key(
    wholeNumber(1, 1_000_000).default(100),
    'Messages sent over one connection before a new one is made.',
  ),
  idle_connection: key(
    duration().prefault('5s'),
    'How long a connection is kept for the next message to the same site.',
  ),
  address_rest: key(
    listOf(duration(1), 'durations such as ["15s", "1m"]')
      .min(1, 'must hold one duration at least')
      .prefault(['15s', '1m', '4m', '15m', '1h']),
    'How long an address is left alone after a connection to it failed: after the first time, the second, and so on; the last one repeats.',
  ),
  source_rest: key(
    duration(1_000).prefault('10s'),
    'How long a [[source]] is not used after this host could not even begin a connection from it: the address is not on this host, or no port or file is left. When no other source can be used, the address of the destination rests for this time instead.',
  ),
  ipv4: key(yesNo().default(true), 'Deliver to IPv4 addresses.'),
  ipv6: key(
    yesNo().default(true),
    'Deliver to IPv6 addresses. Switch it off on a host that has no IPv6 to the outside.',
  ),
  timeout_connect: key(duration(1).prefault('30s'), 'How long a connection may take to open.'),
  timeout_greeting: key(
    duration(1).prefault('5m'),
    'How long the destination may take to greet (RFC 5321 4.5.3.2.1).',
  ),
  timeout_helo: key(duration(1).prefault('5m'), 'How long it may take to answer EHLO or HELO.'),
  timeout_mail: key(duration(1).prefault('5m'), 'How long it may take to answer MAIL (RFC 5321 4.5.3.2.2).'),
  timeout_rcpt: key(
    duration(1).prefault('5m'),
    'How long it may take to answer each RCPT (RFC 5321 4.5.3.2.3).',
  ),
  timeout_data: key(duration(1).prefault('2m'), 'How long it may take to answer DATA (RFC 5321 4.5.3.2.4).'),
  timeout_block: key(
    duration(1).prefault('3m'),
    'How long it may take nothing while a message is sent (RFC 5321 4.5.3.2.5).',
  ),
  timeout_final: key(
    duration(1).prefault('10m'),
    'How long it may take to accept a message after its end (RFC 5321 4.5.3.2.6). Too short a time makes duplicates.',
  ),
  timeout_rset: key(duration(1).prefault('20s'), 'How long it may take to answer RSET between two messages.'),
  timeout_quit: key(
    duration(1).prefault('5s'),
    'How long Sluice waits for the answer to QUIT before it closes the connection.',
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
