// [[stage]] of kind "content-filter": mail goes to a filter after it was accepted, and comes back.

import { z } from 'zod';

import { expected, key, oneOf, yesNo } from '../fields.ts';
import { stageKind } from './stage-kind.ts';

export const contentFilterStage = stageKind(
  'content-filter',
  'a filter behind the queue, as content_filter of Postfix: mail goes to it by SMTP or LMTP after it was accepted, and comes back at a [[listen]] with from_filter. docs/content-filter.md says more.',
  {
    route: key(
      z.string({ error: expected('the name of a route') }),
      'The [[route]] to the filter. No mail takes it by its domain or sender: what comes back would go to the filter again. It is set at DATA; a stage that chooses a route later is stronger.',
      { example: '"scan"' },
    ),
    sign: key(
      oneOf(['before', 'after']).default('before'),
      'When its mail is signed (DKIM): when it comes in, or when it comes back at a listener with from_filter = "outgoing", for a filter that changes the body or signed fields.',
    ),
    local_mail: key(
      yesNo().optional(),
      'Send mail of programs of this host (sluice sendmail) to it, too. Set it to false for a filter that hands mail back by sluice sendmail: such mail would go to the filter again.',
      { defaultText: 'true, and false with listen', example: 'false' },
    ),
  },
);
