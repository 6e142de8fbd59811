// [[stage]]: what others have made to decide about mail that comes in. Each kind has a file of its own in `stages`.

import { z } from 'zod';

import { clientChecks } from '../../values/client-check.ts';
import { listOf } from './fields.ts';
import { documentKinds, wrongKind } from './kinds.ts';
import { contentChecksStage } from './stages/content-checks.ts';
import { ownDomainsStage } from './stages/own-domains.ts';
import { ratesStage } from './stages/rates.ts';
import { greylistStage } from './stages/greylist.ts';
import { clientChecksStage } from './stages/client-checks.ts';
import { clamdStage } from './stages/clamd.ts';
import { contentFilterStage } from './stages/content-filter.ts';
import { dnsListsStage } from './stages/dns-lists.ts';
import { greetingStage } from './stages/greeting.ts';
import { milterStage } from './stages/milter.ts';
import { opensmtpdFilterStage } from './stages/opensmtpd-filter.ts';
import { pluginStage } from './stages/plugin.ts';
import { policyServerStage } from './stages/policy-server.ts';
import { qmailSppStage } from './stages/qmail-spp.ts';
import { rspamdStage } from './stages/rspamd.ts';
import { tarpitStage } from './stages/tarpit.ts';

/** The stages of Sluice itself: a name is for the log and for troubles, where two must not be mixed up. */
const ownStages: ReadonlySet<string> = new Set([
  'client-rules',
  'sender-rights',
  'author-rights',
  'tenant',
  'relay',
  'recipients',
  'forged-results',
  'verification',
  'rewriting',
  'rewriting-recipients',
  'rewriting-incoming',
  'filter-clients',
]);

const kinds = [
  qmailSppStage,
  milterStage,
  policyServerStage,
  opensmtpdFilterStage,
  pluginStage,
  greylistStage,
  ratesStage,
  ownDomainsStage,
  clamdStage,
  dnsListsStage,
  clientChecksStage,
  rspamdStage,
  contentChecksStage,
  greetingStage,
  tarpitStage,
  contentFilterStage,
] as const;
const stage = z.discriminatedUnion('kind', kinds, {
  error: wrongKind(kinds.map(({ shape }) => [...shape.kind.values].join(''))),
});
documentKinds(stage, 'What decides.');

/** In the order of the file, which is that in which they are asked. */
export const configuredStages = listOf(stage, 'tables: [[stage]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  for (const [index, each] of all.entries()) {
    const { name } = each;
    if (each.kind === 'client-checks' && clientChecks.every((check) => each[check] === 'off'))
      context.addIssue({
        code: 'custom',
        message:
          'checks nothing: set a check to "mark", "quarantine", "tempfail" or "reject", such as helo_syntax',
        path: [index],
      });
    const earlier = seen.get(name);
    const message =
      earlier !== undefined
        ? `this name is already that of stage[${earlier + 1}]`
        : ownStages.has(name)
          ? 'is the name of a stage of Sluice itself; choose another one'
          : undefined;
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    seen.set(name, index);
  }
});
