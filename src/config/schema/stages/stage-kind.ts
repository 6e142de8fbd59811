// What every [[stage]] has, of whatever kind.

import type { z } from 'zod';

import { duration, key, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from '../fields.ts';
import { kindKey } from '../kinds.ts';
import { listenName, tableName } from '../texts.ts';

const name = key(
  textOf('a name such as "plugins"', tableName),
  'The name of the stage, for the log and for messages: letters, digits, ".", "_" and "-".',
  { example: '"plugins"' },
);

const audiences = ['everybody', 'users', 'strangers', 'unknown'] as const;

function audienceKey(usual: (typeof audiences)[number]) {
  return key(
    oneOf(audiences).default(usual),
    'Whose mail it is asked about. "users": clients that have logged in. "strangers": those that have not, and may not relay. "unknown": strangers whom no rule of [clients] names by address, network or name.',
  );
}

/** Whose mail a stage is asked about that is not told. One schema for each, so that the reference shows each once. */
const audienceKeys = {
  everybody: audienceKey('everybody'),
  strangers: audienceKey('strangers'),
  unknown: audienceKey('unknown'),
};

const common = {
  listen: key(
    listOf(textOf('a listener such as "192.0.2.1:25"', listenName), 'addresses of [[listen]]')
      .min(1, 'must name one listener at least')
      .optional(),
    'The listeners on which it is asked, by their address.',
    { defaultText: 'all', example: '["192.0.2.1:25"]' },
  ),
  tenant: key(
    listOf(textOf('the name of a tenant', tableName), 'names of tenants')
      .min(1, 'must name one tenant at least')
      .optional(),
    'The tenants whose mail it is asked about, by their names. Whose mail it is is known from MAIL on: at earlier commands of a client such a stage is not asked.',
    { defaultText: 'all mail', example: '["customer1"]' },
  ),
  test_only: key(
    yesNo().default(false),
    'Ask it, and do nothing of what it answers: what it would have refused, held, dropped or changed is counted (sluice status) and logged (event "tested"), and its mail goes on. When it fails, mail goes on, too.',
  ),
  time_limit: key(
    duration(1000, 600_000).prefault('30s'),
    'How long it may take for one command of a client, with the wait for others. Beyond that it has failed.',
  ),
  on_failure: key(
    oneOf(['tempfail', 'continue', 'quarantine', 'disconnect']).default('tempfail'),
    'What happens when it fails: the client is asked to try again later (451); the mail goes on as if it had not been asked; the message is held; the client is disconnected with 421.',
  ),
  rest_after: key(
    wholeNumber(0, 1_000_000).default(10),
    'After so many failures in a row it is left alone for a while, and counts as failing at once; 0 for never. Without that, each client would wait for time_limit.',
  ),
  rest_for: key(
    duration(1000, 3_600_000).prefault('30s'),
    'How long it is left alone. Then the next question tries it.',
  ),
};

/**
 * A [[stage]] of one kind: the common keys, and its own.
 * @param description - what decides, as whole sentences
 * @param audience - the usual one: everybody, or for a defence against strangers "unknown"
 */
export function stageKind<const Kind extends string, Shape extends z.core.$ZodLooseShape>(
  kind: Kind,
  description: string,
  own: Shape,
  audience: keyof typeof audienceKeys = 'everybody',
) {
  return tableOf({
    name,
    kind: kindKey(kind, description),
    audience: audienceKeys[audience],
    ...common,
    ...own,
  });
}
