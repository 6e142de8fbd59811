// [adapt] and [[reaction]]: how Sluice takes hints from destinations. The numbers and rules, not what is made of them.

import { key, duration, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { mxHosts } from './lists.ts';
import { labelText, replyCodeStart, replyPattern } from './texts.ts';

/** The keys of [adapt]. */
export const adapt = tableOf({
  enabled: key(
    yesNo().default(true),
    'Begin with few connections from each own address to each site, let them grow while mail is taken, and halve them when the site says that it is too much. The limits hold all the same. false: only the limits count.',
  ),
  start_connections: key(
    wholeNumber(1, 1_000_000).default(5),
    'Connections from one own address to a site that has just greeted for the first time. Until then there is one, and one more each 3 seconds.',
  ),
  built_in_reactions: key(
    yesNo().default(true),
    'Know what the big providers answer when they want less mail; [[reaction]] tables come before these rules.',
  ),
});

/** Actions that have an effect for a time. */
const lasting = ['slow', 'pause', 'next_host'] as const;

const reaction = tableOf({
  name: key(
    textOf('a name', labelText),
    'A name of your choice, different for each reaction, for logs and explanations.',
    { example: '"gmail is busy"' },
  ),
  code: key(
    textOf('a reply code such as "421", or its beginning', replyCodeStart).optional(),
    'Only for replies whose code begins with this.',
    { defaultText: 'any 4xx or 5xx', example: '"421"' },
  ),
  text: key(
    textOf('a text of a reply', replyPattern).optional(),
    'Only for replies that contain this, in any case of letters; "*" stands for anything.',
    { defaultText: 'any', example: '"too many * connections"' },
  ),
  mx: key(
    mxHosts().optional(),
    'Only for replies of these hosts; "*.example.com" means every host under it.',
    { defaultText: 'any', example: '["*.google.com"]' },
  ),
  action: key(
    oneOf([...lasting, 'bounce', 'retry']),
    'For the own address and the site: "slow" halves the connections, "pause" makes none; "next_host" leaves this address alone and tries another. For the recipient: "bounce" gives up on a 4xx, "retry" tries again after a 5xx, and shields a 4xx from the rules that come later.',
    { example: '"slow"' },
  ),
  for: key(
    duration(1000).optional(),
    'How long slow, pause and next_host last; then the connections grow again by and by.',
    { defaultText: '"10m"', example: '"10m"' },
  ),
}).superRefine((value, context) => {
  const complain = (message: string, path: string[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (value.code === undefined && value.text === undefined && value.mx === undefined) {
    complain('matches every failure: say which replies it is for with one at least of code, text, mx', []);
  }
  if (value.for !== undefined && !lasting.some((action) => action === value.action)) {
    complain(`"${value.action}" does not last: for belongs to ${lasting.join(', ')}`, ['for']);
  }
  if (value.action === 'bounce' && value.code?.startsWith('5') === true) {
    complain('a 5xx bounces by itself: "bounce" is for replies that begin with 4', ['action']);
  }
});

/** All reactions: each name once. */
export const reactions = listOf(reaction, 'tables: [[reaction]]').superRefine((all, context) => {
  for (const [index, { name }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier < index) {
      const message = `this name is already in reaction[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
  }
});
