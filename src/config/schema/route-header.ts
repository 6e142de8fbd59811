// Header fields that a [[route]] removes, replaces and adds while mail leaves.

import type { z } from 'zod';

import { parseFieldName, parseGivenField } from '../../values/header-changes.ts';
import { key, listOf, textOf } from './fields.ts';

function fields() {
  return listOf(
    textOf('a header field such as "X-Route: bulk"', parseGivenField),
    'header fields such as ["X-Route: bulk"]',
  ).min(1, 'must have one field at least');
}

export const routeHeaderKeys = {
  remove_header: key(
    listOf(
      textOf('the name of a header field such as "X-Internal"', parseFieldName),
      'names of header fields such as ["X-Internal", "X-Debug-*"]',
    )
      .min(1, 'must name one field at least')
      .optional(),
    'For relay, lmtp, qmqp, qmtp and mx: fields that leave this server no more on this route, by their names; "X-Debug-*" means all names that begin like this. What is stored stays as it is.',
    { example: '["X-Internal"]' },
  ),
  replace_header: key(
    fields().optional(),
    'For relay, lmtp, qmqp, qmtp and mx: each field of such a name leaves with this value. Where a message has none, none is added.',
    { example: '["Organization: Example Ltd"]' },
  ),
  add_header: key(
    fields().optional(),
    'For relay, lmtp, qmqp, qmtp and mx: fields that are added behind all others.',
    {
      example: '["X-Route: bulk"]',
    },
  ),
};

/** A route, as read. */
interface ChangingRoute {
  readonly relay?: unknown;
  readonly lmtp?: unknown;
  readonly qmqp?: unknown;
  readonly qmtp?: unknown;
  readonly mx?: unknown;
  readonly remove_header?: unknown;
  readonly replace_header?: unknown;
  readonly add_header?: unknown;
}

export function refuseHeader(route: ChangingRoute, context: z.RefinementCtx): void {
  const { lmtp, mx, qmqp, qmtp, relay } = route;
  if ([relay, lmtp, qmqp, qmtp, mx].some((target) => target !== undefined)) return;
  for (const name of ['remove_header', 'replace_header', 'add_header'] as const) {
    if (route[name] === undefined) continue;
    context.addIssue({ code: 'custom', message: 'is only for relay, lmtp, qmqp, qmtp and mx', path: [name] });
  }
}
