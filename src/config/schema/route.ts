// [[route]]: where mail goes. The most specific match wins: the domain itself, the longest suffix, the sender, the default.

import { z } from 'zod';

import { formatRelayHost, type RelayHost } from '../../values/endpoint.ts';
import { parseLmtpServer } from '../../values/lmtp-server.ts';
import type { MailServer } from '../../values/mail-server.ts';
import { parseReply } from '../../values/reply.ts';
import { backupKeys, refuseBackup } from './backup.ts';
import { expected, key, listOf, oneOf, textOf, tableOf, wholeNumber, yesNo } from './fields.ts';
import { recipientDomains, senders } from './lists.ts';
import { refuseElse, relayHosts, routeElseKeys } from './route-else.ts';
import { refuseHeader, routeHeaderKeys } from './route-header.ts';
import { isConditional, refuseConditions, routeMatchKeys } from './route-match.ts';
import { routePackageKeys } from './route-package.ts';
import { refuseSource, routeSourceKeys } from './route-source.ts';
import { refuseWays, routeWays, wayTargets } from './route-ways.ts';
import { credentialName } from './texts.ts';
import { depth, extensions } from './quirk.ts';
import { verp } from './verp.ts';
import { levelMeaning, plainLevels } from './tls.ts';

const targets = ['relay', 'lmtp', 'qmqp', 'qmtp', ...wayTargets, 'error', 'discard', 'mx'] as const;
const oneTarget = `${targets.slice(0, -1).join(', ')} and ${targets.at(-1) ?? ''}`;
const matches = ['domain', 'sender'] as const;

function credentialText() {
  return textOf('a name such as "provider"', credentialName);
}

/** The keys of one [[route]]; exactly one of `targets`. */
export const route = tableOf({
  name: key(
    z.string({ error: expected('a text') }).optional(),
    'A name of your choice, different for each route, for logs and status.',
    { example: '"partners"' },
  ),
  domain: key(
    recipientDomains().optional(),
    'Recipient domains that take this route; "*.example.com" means every domain under it, not example.com itself.',
    { example: '["example.com", "*.example.net"]' },
  ),
  sender: key(
    senders().optional(),
    'Senders whose mail takes this route: addresses, domains, or "<>" for bounces. With other keys that match, the route needs a name, and all of them must match.',
    { example: '["user@example.com", "example.net"]' },
  ),
  ...routeMatchKeys,
  relay: key(
    relayHosts().optional(),
    'Hand the mail to these hosts ("host:port"; the port is 25 if it is left out). "smtps://host:port" is a host where TLS begins before the greeting (the port is 465 if it is left out). Sluice looks up the addresses of a name, not its MX.',
    { example: '["relay.example.net:25"]' },
  ),
  lmtp: key(
    listOf(
      textOf('a mailbox server such as "unix:/run/dovecot/lmtp" or "127.0.0.1:24"', parseLmtpServer),
      'LMTP servers such as ["unix:/run/dovecot/lmtp"]',
    )
      .min(1, 'must name one server at least')
      .optional(),
    'Deliver the mail by LMTP (RFC 2033) to these mailbox servers: "unix:" with the path of a Unix-domain socket, or "host:port" (the port is 24 if it is left out, and never 25).',
    { example: '["unix:/run/dovecot/lmtp"]' },
  ),
  ...routePackageKeys,
  tls: key(
    oneOf(plainLevels).optional(),
    `For relay, lmtp, qmqp and qmtp: which TLS the connections must have. ${levelMeaning} QMQP and QMTP have TLS from the first byte on, or none: "opportunistic" is none. For more, such as fingerprints or a CA, write a [[tls]] with mx.`,
    { defaultText: 'that of a [[tls]], or tls in [deliver]', example: '"verified"' },
  ),
  ...routeElseKeys,
  ...routeHeaderKeys,
  ...routeSourceKeys,
  ignore_extensions: key(
    extensions().optional(),
    'For relay: extensions that are not used with its hosts, even when they announce them. Connections are shared, so it holds for all mail to these hosts, as in a [[quirk]].',
    { example: '["CHUNKING"]' },
  ),
  pipeline_depth: key(
    depth().optional(),
    'For relay: the most messages on the way on one connection to its hosts, for all mail to them. 0 and 1: one message at a time, without CHUNKING.',
    { defaultText: 'that of [deliver]', example: '1' },
  ),
  credential: key(
    z
      .union(
        [
          credentialText(),
          listOf(credentialText(), 'names such as ["provider"]').min(1, 'must name one credential at least'),
        ],
        {
          error: expected('the name of a [[credential]], or a list of names'),
        },
      )
      .optional(),
    'For relay: the name of the [[credential]] to log in with at its hosts, or several, of which the sender of the mail decides. Such mail never goes without the log-in. The hosts must have a certificate that can be verified, unless tls or a [[tls]] says otherwise.',
    { example: '"provider"' },
  ),
  srs: key(
    yesNo().optional(),
    'For relay, qmqp, qmtp and mx: rewrite foreign senders into addresses at the domain of [srs], so that the next servers find this server allowed to send for them. Senders of our own domains, and the empty one of bounces, stay.',
    { defaultText: 'false', example: 'true' },
  ),
  verp: key(
    verp().optional(),
    'For relay, lmtp, qmqp, qmtp and mx: each recipient gets a message of its own, whose sender names the recipient (VERP). true for "+=", which makes list+user=example.com@example.org; other delimiters of - = +; false for none.',
    { defaultText: 'that of the [[tenant]], or of [bounce]', example: 'true' },
  ),
  mode: key(
    oneOf(['failover', 'balance']).default('failover'),
    'For relay, lmtp, qmqp and qmtp: "failover" takes the first server that works; "balance" spreads mail over all of them.',
  ),
  error: key(
    textOf('a reply such as "550 5.1.2 No such domain here"', parseReply).optional(),
    'Do not deliver the mail, but fail it with this reply: with a 5xx it goes back to its sender, with a 4xx it stays in the queue.',
    { example: '"550 5.1.2 No such domain here"' },
  ),
  ...routeWays,
  discard: key(
    z.literal(true, { error: expected('true') }).optional(),
    'Deliver the mail into nothing: it counts as delivered, and nobody is told of it. The log has a line for each recipient.',
    { example: 'true' },
  ),
  mx: key(
    z.literal(true, { error: expected('true') }).optional(),
    "Deliver to the domain's MX, as without a route: for exceptions from a wider route.",
    { example: 'true' },
  ),
  ...backupKeys,
  priority: key(
    wholeNumber(-9, 9).optional(),
    'The priority, from -9 to 9 (RFC 6710), of messages on this route that have none of their own; higher goes first. When the recipients of a message take several routes, the highest priority counts.',
    { example: '-5' },
  ),
}).superRefine((value, context) => {
  const given = targets.filter((target) => value[target] !== undefined);
  const [, second] = given;
  // The hosts of a backup MX are those of the MX records, unless relay names them.
  if (given.length === 0 && value.backup === undefined) {
    const message = `does not say where the mail goes: give one of ${oneTarget}`;
    context.addIssue({ code: 'custom', message });
  } else if (second !== undefined) {
    const message = `${given.join(' and ')} exclude each other: give only one of ${oneTarget}`;
    context.addIssue({ code: 'custom', message, path: [second] });
  }
  refuseTls(value, context);
  refuseWays(value, context);
  refuseBackup(value, targets, context);
  for (const name of ['ignore_extensions', 'pipeline_depth'] as const) {
    if (value[name] === undefined || value.relay !== undefined) continue;
    const message = 'is only for relay; for other hosts, write a [[quirk]] with mx or ip';
    context.addIssue({ code: 'custom', message, path: [name] });
  }
  if (
    value.srs === true &&
    [value.relay, value.qmqp, value.qmtp, value.mx, value.backup].every((target) => target === undefined)
  ) {
    const message =
      'is only for relay, qmqp, qmtp and mx: other mail goes to no server that would ask who may send it';
    context.addIssue({ code: 'custom', message, path: ['srs'] });
  }
  if (value.credential !== undefined && value.relay === undefined) {
    const message = 'is only for relay: MX hosts take mail without a log-in';
    context.addIssue({ code: 'custom', message, path: ['credential'] });
  }
  refuseConditions(value, context);
  refuseElse(value, context);
  refuseHeader(value, context);
  refuseSource(value, context);
});

interface TlsOfRoute {
  readonly tls?: (typeof plainLevels)[number] | undefined;
  readonly relay?: readonly RelayHost[] | undefined;
  readonly lmtp?: readonly MailServer[] | undefined;
  readonly qmqp?: readonly MailServer[] | undefined;
  readonly qmtp?: readonly MailServer[] | undefined;
}

function refuseTls({ lmtp, qmqp, qmtp, relay, tls }: TlsOfRoute, context: z.RefinementCtx): void {
  if (tls === undefined) return;
  const refuse = (message: string): void => context.addIssue({ code: 'custom', message, path: ['tls'] });
  const servers = lmtp ?? qmqp ?? qmtp;
  if (relay === undefined && servers === undefined) {
    refuse(
      'is only for relay, lmtp, qmqp and qmtp; for mail that goes to MX hosts, write a [[tls]] with domain',
    );
  }
  if (servers?.some(({ kind }) => kind === 'unix') === true) {
    refuse('cannot be had on a Unix-domain socket, which never leaves this host; leave tls out');
  }
  const implicit = relay?.find(({ implicitTls }) => implicitTls === true);
  if (implicit !== undefined && (tls === 'none' || tls === 'opportunistic')) {
    refuse(`must be "required" or "verified": on ${formatRelayHost(implicit)} nothing is said before TLS`);
  }
}

/** All routes. No two have the same name or the same match. */
export const routes = listOf(route, 'tables: [[route]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  const claim = (what: string, shown: string, index: number, path: (string | number)[]): void => {
    const earlier = seen.get(what);
    if (earlier === undefined) seen.set(what, index);
    else context.addIssue({ code: 'custom', message: `${shown} already in route[${earlier + 1}]`, path });
  };
  for (const [index, each] of all.entries()) {
    if (each.name !== undefined) claim(`name ${each.name}`, 'this name is', index, [index, 'name']);
    // Of several that look at the same message, the first counts.
    if (isConditional(each)) continue;
    for (const [at, pattern] of (each.domain ?? []).entries()) {
      claim(`domain ${JSON.stringify(pattern)}`, 'this domain is', index, [index, 'domain', at]);
    }
    for (const [at, pattern] of (each.sender ?? []).entries()) {
      claim(`sender ${JSON.stringify(pattern)}`, 'this sender is', index, [index, 'sender', at]);
    }
    if (matches.every((match) => each[match] === undefined)) {
      claim('default', 'the default (no domain and no sender) is', index, [index]);
    }
  }
});
