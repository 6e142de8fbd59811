// [adapt] and [[reaction]]: how Sluice adapts to the replies of destinations. The keys and their checks only; they are
// applied in schedule/adapt.

import { key, duration, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { mxHosts } from './lists.ts';
import { labelText, replyCodeStart, replyPattern } from './texts.ts';

/** The keys of [adapt]. */
export const adapt = tableOf({
  enabled: key(
    yesNo().default(true),
    'Start with few connections from each own address to each site, add more while the site accepts mail, and halve their number when a reply says that it is too much. [[limit]] tables apply as well. false: only they apply.',
  ),
  start_connections: key(
    wholeNumber(1, 1_000_000).default(5),
    'Connections allowed from one own address to a site when it has greeted for the first time. Before that, one is allowed, and one more every 3 seconds.',
  ),
  built_in_reactions: key(
    yesNo().default(true),
    'Use the built-in rules for replies with which big providers ask for less mail. [[reaction]] tables come before these rules.',
  ),
});

/** Actions whose effect lasts for a duration. */
const lasting = ['slow', 'pause', 'next_host'] as const;

const reaction = tableOf({
  name: key(
    textOf('a name', labelText),
    'A name of your choice, different for each reaction, for logs and explanations.',
    { example: '"gmail is busy"' },
  ),
  code: key(
    textOf('a reply code such as "421", or its beginning', replyCodeStart).optional(),
    'Only for replies whose code begins with these digits.',
    { defaultText: 'any 4xx or 5xx', example: '"421"' },
  ),
  text: key(
    textOf('a text of a reply', replyPattern).optional(),
    'Only for replies that contain this text. Upper and lower case are the same; "*" stands for any text.',
    { defaultText: 'any', example: '"too many * connections"' },
  ),
  mx: key(
    mxHosts().optional(),
    'Only for replies of these hosts; "*.example.com" means every host under it.',
    { defaultText: 'any', example: '["*.google.com"]' },
  ),
  action: key(
    oneOf([...lasting, 'bounce', 'retry']),
    '"slow" halves the connections from the own address to the site, "pause" opens none, "next_host" does not use this address of the site and tries another one. The other actions concern the recipient: "bounce" gives up after a 4xx; "retry" tries again after a 5xx, and keeps later rules from acting on a 4xx.',
    { example: '"slow"' },
  ),
  for: key(
    duration(1000).optional(),
    'How long slow, pause and next_host last. After that, the connections grow again step by step.',
    { defaultText: '"10m"', example: '"10m"' },
  ),
}).superRefine((value, context) => {
  const complain = (message: string, path: string[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (value.code === undefined && value.text === undefined && value.mx === undefined) {
    complain('would match every failure: give at least one of code, text and mx', []);
  }
  if (value.for !== undefined && !lasting.some((action) => action === value.action)) {
    complain(`"${value.action}" has no duration: only ${lasting.join(', ')} have one`, ['for']);
  }
  if (value.action === 'bounce' && value.code?.startsWith('5') === true) {
    complain('a 5xx bounces anyway: "bounce" is for replies that begin with 4', ['action']);
  }
});

/** All reactions. No two have the same name. */
export const reactions = listOf(reaction, 'tables: [[reaction]]').superRefine((all, context) => {
  for (const [index, { name }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier < index) {
      const message = `this name is already in reaction[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
  }
});
