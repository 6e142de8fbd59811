// [recipients.call_ahead] of a [[recipients]]: servers that are asked which of their recipients exist.

import { formatRelayHost, parseRelayHost } from '../../values/endpoint.ts';
import { parseLmtpServer } from '../../values/lmtp-server.ts';
import { duration, key, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { mailbox } from './texts.ts';
import { levelMeaning, plainLevels } from './tls.ts';

/** The null reverse-path as the empty text. */
function sender(text: string): string {
  return text === '<>' ? '' : mailbox(text);
}

const table = tableOf({
  smtp: key(
    listOf(
      textOf('a host such as "mail.example.com:25"', parseRelayHost),
      'hosts such as ["mail.example.com:25"]',
    )
      .min(1, 'must name one host at least')
      .optional(),
    'The servers that are asked by SMTP ("host:port"; the port is 25 if it is left out; "smtps://host" where TLS begins before the greeting). No others are asked. The next one is asked when one cannot be. Sluice looks up the addresses of a name, not its MX.',
    { defaultText: 'none: give lmtp instead', example: '["mail.example.com:25"]' },
  ),
  lmtp: key(
    listOf(
      textOf('a mailbox server such as "unix:/run/dovecot/lmtp" or "127.0.0.1:24"', parseLmtpServer),
      'LMTP servers such as ["unix:/run/dovecot/lmtp"]',
    )
      .min(1, 'must name one server at least')
      .optional(),
    'The servers that are asked by LMTP, in place of smtp: "unix:" with the path of a Unix-domain socket, or "host:port".',
    { defaultText: 'none: give smtp instead', example: '["unix:/run/dovecot/lmtp"]' },
  ),
  primary: key(
    yesNo().optional(),
    'In place of smtp: the servers are asked to which this server delivers mail for the domain, by its [[route]] or its MX records. What they say is remembered over restarts, for the time when they are down. For a backup MX this is so by itself, see backup in [[route]].',
    { defaultText: 'false', example: 'true' },
  ),
  unlearned: key(
    oneOf(['tempfail', 'accept']).optional(),
    'For primary: what becomes of mail for a recipient of whom nothing is known while no server can be asked: 451, or it is accepted.',
    { defaultText: '"tempfail"', example: '"accept"' },
  ),
  any_recipient: key(
    yesNo().optional(),
    'For primary: no server is asked, and every recipient is taken, unless mail to its domain would be returned at once, as where the domain takes no mail (null MX, RFC 7505) or does not exist.',
    { defaultText: 'false', example: 'true' },
  ),
  tls: key(oneOf(plainLevels).optional(), `Which TLS the connections must have. ${levelMeaning}`, {
    defaultText: 'that of a [[tls]], or tls in [deliver]',
    example: '"verified"',
  }),
  sender: key(
    textOf('an address such as "postmaster@example.com", or "<>"', sender).prefault('<>'),
    'The sender that the servers are told in MAIL FROM: "<>" as in bounces, or an address, for servers that take no mail from the null sender.',
  ),
  connections: key(
    wholeNumber(1, 100).default(2),
    'The most connections to all of the servers together, for each process of receivers. They are kept open and used again.',
  ),
  waiting: key(
    wholeNumber(1, 100_000).default(500),
    'The most recipients that wait for a connection, for each process of receivers; any further one is answered 451.',
  ),
  time_limit: key(
    duration(2000, 25_000).prefault('15s'),
    'How long one answer may take, with the wait for a connection. Then the client is answered 451.',
  ),
  cache_time: key(
    duration(0, 30 * 86_400_000).prefault('1h'),
    'For so long it is kept that a recipient exists; "0s" for not at all.',
  ),
  unknown_cache_time: key(
    duration(0, 7 * 86_400_000).prefault('5m'),
    'For so long it is kept that a recipient is unknown, or that its mailbox is full or closed; "0s" for not at all.',
  ),
  stale_for: key(
    duration(0, 30 * 86_400_000).prefault('1d'),
    'For so long beyond cache_time a recipient that existed is accepted while no server can be asked; "0s" for not at all.',
  ),
  cache_size: key(
    wholeNumber(0, 1_000_000).default(20_000),
    'The most answers that are kept, some hundred bytes each, for each process of receivers.',
  ),
  full_mailbox: key(
    oneOf(['tempfail', 'reject', 'accept']).default('tempfail'),
    'What a client is told of a mailbox that is full: 452, so that it tries again; 552, if the server said so for good; or nothing, so that the mail waits here.',
  ),
});

export const callAhead = table.superRefine(
  ({ any_recipient, smtp, lmtp, tls, primary, unlearned }, context) => {
    const refuse = (message: string, ...path: string[]): void =>
      context.addIssue({ code: 'custom', message, path });
    if (primary === true) {
      if (smtp !== undefined || lmtp !== undefined)
        refuse('excludes smtp and lmtp: give only one of them', 'primary');
      if (tls !== undefined)
        refuse('is not for primary: a [[tls]] or the [[route]] says which TLS there is', 'tls');
      return;
    }
    if (unlearned !== undefined) refuse('is only for primary', 'unlearned');
    if (any_recipient !== undefined) refuse('is only for primary', 'any_recipient');
    if (smtp === undefined && lmtp === undefined)
      refuse('needs smtp or lmtp, with the servers to ask, or primary = true');
    if (smtp !== undefined && lmtp !== undefined) refuse('excludes smtp: give only one of them', 'lmtp');
    if (tls === undefined) return;
    if (lmtp?.some(({ kind }) => kind === 'unix') === true)
      refuse('cannot be had on a Unix-domain socket, which never leaves this host; leave tls out', 'tls');
    const implicit = smtp?.find(({ implicitTls }) => implicitTls === true);
    if (implicit !== undefined && (tls === 'none' || tls === 'opportunistic'))
      refuse(
        `must be "required" or "verified": on ${formatRelayHost(implicit)} nothing is said before TLS`,
        'tls',
      );
  },
);
