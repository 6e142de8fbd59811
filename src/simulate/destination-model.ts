// Destinations as a file describes them: which domains, behind which MX hosts and addresses, and how they behave.

import { z } from 'zod';
import {
  duration,
  expected,
  listOf,
  oneOf,
  size,
  tableOf,
  textOf,
  wholeNumber,
  yesNo,
} from '../config/schema/fields.ts';
import { parseDomain, parseDomainPattern } from '../values/domain.ts';
import { parseNetwork } from '../values/network.ts';
import { parseRate } from '../values/rate.ts';
import { ValueError } from '../values/value-error.ts';

function share() {
  const error = expected('a number from 0 to 1');
  return z.number({ error }).min(0, { error }).max(1, { error });
}

/** An MX record, e.g. `10 mx1.example.com`, `mx1.example.com` or `*.mail.example.com`. */
export interface ExchangeModel {
  /** Begins with `*.`: each domain has a name of its own there. */
  readonly host: string;
  readonly preference: number;
}

function exchange(text: string): ExchangeModel {
  const [, preference = '10', host = ''] = /^(?:(\d{1,5}) )?(.*)$/.exec(text) ?? [];
  const name = host.startsWith('*.') ? `*.${parseDomain(host.slice(2))}` : parseDomain(host);
  return { host: name, preference: Number(preference) };
}

function reply(text: string): string {
  if (/^[45]\d\d /.test(text)) return text;
  throw new ValueError(`"${text}" is no reply such as "421 4.7.0 Too many connections"`);
}

function replyText() {
  return textOf('a reply such as "421 4.7.0 Too many connections"', reply);
}

function rate() {
  return textOf('a rate such as "100/min"', parseRate);
}

const destination = tableOf({
  name: z.string({ error: expected('a name') }).optional(),
  domain: listOf(
    textOf('a domain or "*.example.com"', parseDomainPattern),
    'domains such as ["example.com", "*.example.net"]',
  ).optional(),
  share: share().optional(),
  mx: listOf(
    textOf('an MX host such as "mx1.example.com" or "20 mx2.example.com"', exchange),
    'MX hosts such as ["mx1.example.com", "20 mx2.example.com"]',
  )
    .min(1, 'must name one host at least')
    .optional(),
  addresses: listOf(
    textOf('an address or a network such as "192.0.2.0/28"', parseNetwork),
    'addresses or networks',
  )
    .min(1, 'must name one address at least')
    .optional(),
  latency: duration().optional(),
  bandwidth: size(1000).optional(),
  extensions: listOf(
    oneOf(['PIPELINING', 'CHUNKING']),
    'extensions such as ["PIPELINING", "CHUNKING"], or [] for none',
  ).optional(),
  ban: tableOf({
    connections: wholeNumber(0, 1_000_000),
    per: oneOf(['ip', 'mx', 'network', 'destination']).default('destination'),
    for: duration(1).prefault('10m'),
    reply: replyText().optional(),
  }).optional(),
  greylist: duration(1).optional(),
  storm: tableOf({
    every: duration(1).optional(),
    for: duration(1),
    share: share().default(1),
    first: duration().prefault('0s'),
  }).optional(),
  tarpit: tableOf({ greeting: duration().prefault('0s'), reply: duration().prefault('0s') }).optional(),
  dead: tableOf({
    how: oneOf(['refused', 'silent']),
    from: duration().prefault('0s'),
    until: duration().optional(),
  }).optional(),
  rate: tableOf({
    messages: rate(),
    reply: replyText().default('450 4.7.28 Too many messages from your address, slow down'),
  }).optional(),
  drops: share().optional(),
  rejects: share().optional(),
  defers: share().optional(),
  dns: tableOf({
    fails: share().default(0),
    ttl: duration(1).prefault('1h'),
    changes: duration(1).optional(),
    null_mx: yesNo().default(false),
  }).optional(),
}).superRefine((value, context) => {
  if (value.domain !== undefined && value.share !== undefined) {
    const message =
      'domain and share exclude each other: a destination is for certain domains or for a share of all others';
    context.addIssue({ code: 'custom', message, path: ['share'] });
  }
  if (value.addresses !== undefined && value.mx === undefined) {
    const message = 'needs mx beside it: whose addresses are they?';
    context.addIssue({ code: 'custom', message, path: ['addresses'] });
  }
});

/** The whole file. */
export const destinationFile = tableOf({
  destination: listOf(destination, 'tables: [[destination]]').default([]),
});

/** One [[destination]]. Times in ms, sizes in bytes. */
export type DestinationModel = z.output<typeof destination>;
