// The keys of a [[route]] for domains whose backup MX this server is.

import { z } from 'zod';
import { ValueError } from '../../values/value-error.ts';
import { duration, expected, key, oneOf, textOf, yesNo } from './fields.ts';
import { mxHostName } from './texts.ts';

/** A day: a probe that is rarer finds nothing that the retries do not. */
const longestProbeMs = 86_400_000;

const trueOrName = expected('true, or the name of this server in the MX records');

/** Why a text is no name of this server; undefined for other values. */
function faultOfName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    mxHostName(value);
    return undefined;
  } catch (error) {
    if (error instanceof ValueError) return error.message;
    throw error;
  }
}

export const backupKeys = {
  backup: key(
    z
      .union(
        [
          z.literal(true, { error: expected('true') }),
          textOf('the name of this server in the MX records, such as "mx2.example.org"', mxHostName),
        ],
        { error: (issue) => faultOfName(issue.input) ?? trueOrName(issue) },
      )
      .optional(),
    'This server is a backup MX of the domains: everybody may send to them, and their mail waits here and goes to hosts with a lower preference number than that of this server. The text is the name that this server has in the MX records; with true it is found by hostname, by its addresses, and by own_names and own_addresses in [deliver]. With relay, the mail goes to those hosts in place of the MX.',
    { example: '"mx2.example.org"' },
  ),
  backup_recipients: key(
    oneOf(['check', 'any']).optional(),
    'For backup: "check" asks the primary server which recipients exist, and keeps what it says for the time when it is down; "any" takes mail for any. Where a [[recipients]] names the domain, that one decides.',
    { defaultText: '"check"', example: '"any"' },
  ),
  backup_unlearned: key(
    oneOf(['accept', 'tempfail']).optional(),
    'For backup: what becomes of mail for a recipient of whom nothing was learned while the primary server cannot be asked: it is accepted, or answered 451.',
    { defaultText: '"accept"', example: '"tempfail"' },
  ),
  backup_probe: key(
    duration(0, longestProbeMs).optional(),
    'For backup: how often a primary server that is down, and for which mail waits, is looked after: a connection, EHLO and QUIT. When it is back, its mail goes at once. "0s": not at all.',
    { defaultText: '"1m"', example: '"5m"' },
  ),
  backup_lifetime: key(
    duration(1000).optional(),
    'For backup: how long mail waits here for the primary server, bounces too. A [[schedule]] for the mail says more.',
    { defaultText: '"14d", or lifetime in [queue] where that is longer', example: '"30d"' },
  ),
  backup_etrn: key(
    yesNo().optional(),
    'For backup: take ETRN (RFC 1985) for the domains, with which anybody may have the mail that waits for them sent to the primary server now.',
    { defaultText: 'true', example: 'false' },
  ),
};

const details = [
  'backup_recipients',
  'backup_unlearned',
  'backup_probe',
  'backup_lifetime',
  'backup_etrn',
] as const;
/** Keys by which a route is for some of the mail of its domains alone. */
const narrowing = [
  'sender',
  'recipient',
  'user',
  'tenant',
  'size_over',
  'size_under',
  'header',
  'results',
  'client_tls',
] as const;

interface BackupOfRoute {
  readonly backup?: true | string | undefined;
  readonly backup_recipients?: unknown;
  readonly backup_unlearned?: unknown;
  readonly backup_probe?: unknown;
  readonly backup_lifetime?: unknown;
  readonly backup_etrn?: unknown;
  readonly domain?: readonly unknown[] | undefined;
  readonly relay?: unknown;
  readonly mx?: unknown;
  readonly [other: string]: unknown;
}

/** Reports what does not go together with backup. @param targets - the keys that say where mail goes */
export function refuseBackup(
  route: BackupOfRoute,
  targets: readonly string[],
  context: z.RefinementCtx,
): void {
  const refuse = (message: string, path: string): void =>
    context.addIssue({ code: 'custom', message, path: [path] });
  if (route.backup === undefined) {
    for (const name of details) {
      if (route[name] !== undefined)
        refuse('is only for backup: add backup = true, or the name of this server in the MX records', name);
    }
    return;
  }
  if (route.domain === undefined)
    refuse('needs domain: the domains whose backup MX this server is', 'backup');
  const narrower = narrowing.find((name) => route[name] !== undefined);
  if (narrower !== undefined)
    refuse(
      `is for all mail of its domains, which everybody may send: take out ${narrower}, and write a [[route]] of its own for the mail that is to go another way`,
      'backup',
    );
  const other = targets.find(
    (target) => target !== 'relay' && target !== 'mx' && route[target] !== undefined,
  );
  if (other !== undefined)
    refuse(
      `goes with relay or mx alone: mail for a backup MX is handed on by SMTP; take out ${other}`,
      'backup',
    );
  if (route.relay !== undefined && typeof route.backup === 'string')
    refuse('must be true with relay: the MX records are not looked up', 'backup');
}
