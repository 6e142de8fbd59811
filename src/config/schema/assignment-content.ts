// What else an [[assignment]] may look at than the envelope: what stages have found out, the header, and whether Sluice wrote the mail itself.

import { z } from 'zod';

import { formatResultCondition, parseResultCondition } from '../../values/result-condition.ts';
import { parseHeaderCondition } from '../../values/header-condition.ts';
import { key, listOf, textOf } from './fields.ts';

function conditions(example: string, check: (text: string) => string) {
  return listOf(textOf(`a condition such as "${example}"`, check), `conditions such as "${example}"`)
    .min(1, 'must have one condition at least')
    .optional();
}

export const contentConditionKeys = {
  results: key(
    conditions('rspamd.verdict=spam', (text) => formatResultCondition(parseResultCondition(text))),
    'Only for mail of which a stage has found this out: STAGE.KEY=VALUE, or for numbers STAGE.KEY>=NUMBER and STAGE.KEY<=NUMBER. One of them is enough.',
    { example: '["rspamd.verdict=spam", "rspamd.score>=8"]' },
  ),
  header: key(
    conditions('Precedence: bulk', (text) => {
      parseHeaderCondition(text);
      return text;
    }),
    'Only for mail with one of these header fields: "NAME" with any value, or "NAME: VALUE", in upper or lower case, where * stands for any text.',
    { example: '["Precedence: bulk", "Subject: *invoice*"]' },
  ),
};

export const reportsKey = {
  reports: key(
    z.literal(true, { error: 'must be true, or left out' }).optional(),
    'Only for reports that Sluice itself writes: bounces, news of delays and deliveries, and reports to other domains. Without any such table, a report is in the queue of the mail that it is about.',
    { example: 'true' },
  ),
};

/** These look at how mail has come in, which no report of our own has. */
const ofClients = ['client', 'user', 'listen', 'results', 'header', 'sender'] as const;

export function refuseReportConditions(
  rule: { readonly reports?: true | undefined } & Readonly<
    Partial<Record<(typeof ofClients)[number], unknown>>
  >,
  context: z.RefinementCtx,
): void {
  if (rule.reports === undefined) return;
  for (const name of ofClients)
    if (rule[name] !== undefined)
      context.addIssue({
        code: 'custom',
        message: `never holds together with reports: no client hands a report of Sluice in; use domain and tenant`,
        path: [name],
      });
}
