// What else a [[route]] may look at than the domain or the sender. Such a route is decided when a message is accepted, and has a name, which is
// stored with the message.

import { z } from 'zod';

import { formatResultCondition, parseResultCondition } from '../../values/result-condition.ts';
import { parseHeaderCondition } from '../../values/header-condition.ts';
import { expected, key, listOf, size, textOf, yesNo } from './fields.ts';
import { senders } from './lists.ts';

function names(what: string) {
  return listOf(
    z.string({ error: expected(what) }).min(1, 'must not be empty'),
    `a list of texts: ${what}`,
  ).min(1, 'must have one entry at least');
}

const largest = 2 ** 40;

export const routeMatchKeys = {
  recipient: key(
    senders().optional(),
    'Recipients that take this route: whole addresses, or domains. For domains alone, domain is faster, and also holds for mail that waits.',
    { example: '["boss@example.com"]' },
  ),
  user: key(
    names('a user who logs in').optional(),
    'Mail of clients that have logged in as one of these users; "*" is any user.',
    { example: '["shop@example.com"]' },
  ),
  tenant: key(names('the name of a tenant').optional(), 'Mail of these tenants.', { example: '["shop"]' }),
  size_over: key(size(0, largest).optional(), 'Messages that are larger.', { example: '"5MiB"' }),
  size_under: key(size(1, largest).optional(), 'Messages that are smaller.', { example: '"100KiB"' }),
  header: key(
    listOf(
      textOf('a condition such as "Precedence: bulk"', (text) => {
        parseHeaderCondition(text);
        return text;
      }),
      'conditions such as "Precedence: bulk"',
    )
      .min(1, 'must have one condition at least')
      .optional(),
    'Messages with one of these header fields: "NAME" with any value, or "NAME: VALUE", in upper or lower case, where * stands for any text.',
    { example: '["Precedence: bulk", "List-Id"]' },
  ),
  results: key(
    listOf(
      textOf('a condition such as "rspamd.verdict=spam"', (text) =>
        formatResultCondition(parseResultCondition(text)),
      ),
      'conditions such as "rspamd.verdict=spam"',
    )
      .min(1, 'must have one condition at least')
      .optional(),
    'What a stage must have found out about the message: STAGE.KEY=VALUE. One of them is enough.',
    { example: '["rspamd.verdict=spam"]' },
  ),
  client_tls: key(yesNo().optional(), 'Mail that came over TLS (true), or in clear (false).', {
    example: 'false',
  }),
};

const conditions = Object.keys(routeMatchKeys) as (keyof typeof routeMatchKeys)[];

/** A route, as read. */
export interface MatchedRoute {
  readonly name?: string | undefined;
  readonly domain?: readonly unknown[] | undefined;
  readonly sender?: readonly unknown[] | undefined;
  readonly recipient?: readonly { readonly kind: string }[] | undefined;
  readonly size_over?: number | undefined;
  readonly size_under?: number | undefined;
}

/** Is the route decided when a message is accepted? */
export function isConditional(route: MatchedRoute): boolean {
  if (route.domain !== undefined && route.sender !== undefined) return true;
  const given = route as Readonly<Partial<Record<(typeof conditions)[number], unknown>>>;
  return conditions.some((name) => given[name] !== undefined);
}

export function refuseConditions(route: MatchedRoute, context: z.RefinementCtx): void {
  const refuse = (message: string, key: string): void =>
    context.addIssue({ code: 'custom', message, path: [key] });
  if (isConditional(route) && route.name === undefined) {
    const values = route as Readonly<Record<string, unknown>>;
    const given = conditions.find((name) => values[name] !== undefined) ?? 'sender';
    refuse(
      'needs name as well: what such a route decides is stored with the message, by the name of the route',
      given,
    );
  }
  const at = route.recipient?.findIndex(({ kind }) => kind === 'null') ?? -1;
  if (at !== -1) refuse('"<>" is no recipient', 'recipient');
  const { size_over: over, size_under: under } = route;
  if (over !== undefined && under !== undefined && under <= over + 1)
    refuse(`no message is larger than size_over and smaller than this`, 'size_under');
}
