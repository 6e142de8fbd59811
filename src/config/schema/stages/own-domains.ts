// [[stage]] of kind "own-domains": mail from our own domains comes from our own users and hosts alone.

import { parseResultCondition } from '../../../values/result-condition.ts';
import { parseDomainPattern } from '../../../values/domain.ts';
import { key, listOf, oneOf, textOf } from '../fields.ts';
import { exceptions } from './defence-keys.ts';
import { stageKind } from './stage-kind.ts';

export const ownDomainsStage = stageKind(
  'own-domains',
  'mail that says it is from our own domains comes from users who have logged in, and from clients that may relay, alone. docs/own-domains.md says more.',
  {
    domains: key(
      listOf(
        textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
        'domains such as ["example.com", "*.example.com"]',
      )
        .min(1, 'must name one domain at least')
        .optional(),
      'Our own domains.',
      { defaultText: 'relay_domains', example: '["example.com", "*.example.com"]' },
    ),
    look_at: key(
      listOf(oneOf(['envelope', 'author']), '"envelope" and "author"')
        .min(1, 'must name one of them at least')
        .default(['envelope', 'author']),
      'What is compared with them: the sender of the envelope, the authors in From, or both.',
    ),
    action: key(
      oneOf(['reject', 'quarantine']).default('reject'),
      'What happens to such mail: it is refused with 550 5.7.1, or held in quarantine.',
    ),
    ...exceptions,
    author_except_results: key(
      listOf(
        textOf('a condition such as "verification.dmarc=pass"', parseResultCondition),
        'conditions such as ["verification.dmarc=pass"]',
      ).default([]),
      'As except_results, for authors: except_results says nothing of From, since SPF and DKIM may be of another domain than that of the author.',
      { example: '["verification.dmarc=pass"]' },
    ),
  },
  'unknown',
);
