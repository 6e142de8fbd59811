// Lists of patterns and networks that several tables have: domains, hosts, senders, networks.

import { parseDomainPattern, parseRecipientDomain, parseSenderPattern } from '../../values/domain.ts';
import { parseNetwork } from '../../values/network.ts';
import { listOf, textOf } from './fields.ts';

const network = textOf('a network such as "192.0.2.0/24"', parseNetwork);

/** Networks and single addresses; may be empty. */
export function networks() {
  return listOf(network, 'networks such as ["192.0.2.0/24", "2001:db8::/32"]');
}

const recipientDomain = textOf('a domain such as "example.com" or "*.example.com"', parseRecipientDomain);

/** Domains of recipients, or address literals; at least one. */
export function recipientDomains() {
  return listOf(recipientDomain, 'domains such as ["example.com", "*.example.net"]').min(
    1,
    'must name one domain at least',
  );
}

const mxHost = textOf('an MX host such as "mx.example.com" or "*.example.com"', parseDomainPattern);

/** MX hosts and smarthosts; at least one. */
export function mxHosts() {
  return listOf(mxHost, 'MX hosts such as ["mx.example.com", "*.example.net"]').min(
    1,
    'must name one host at least',
  );
}

const sender = textOf('a sender such as "user@example.com" or "example.com"', parseSenderPattern);

/** Senders: addresses, domains, or "<>" for bounces; at least one. */
export function senders() {
  return listOf(sender, 'senders such as ["user@example.com", "example.net", "<>"]').min(
    1,
    'must name one sender at least',
  );
}
