// What Yahoo and AOL answer, and the domains whose mail they host.

import type { ReactionRule } from '../types.ts';
import { onlyThisMessage, pause, rulesOf, slow } from './rule-list.ts';

const hosts = ['*.yahoodns.net'];

export const yahooReactions: readonly ReactionRule[] = [
  ...rulesOf(
    'yahoo',
    hosts,
    'http://help.yahoo.com/kb/index?page=content&y=PROD_MAIL_MOBILE&locale=en_US&id=SLN3436&impressions=false',
    [['our address sends what looks like unsolicited bulk mail', '421', '[ts03]', pause(240)]],
  ),
  ...rulesOf('yahoo', hosts, 'https://senders.yahooinc.com/smtp-error-codes/', [
    ['deferred: volume, complaints or reputation', '4', '[ts', slow(60)],
    ['servers are busy', '451', 'resources temporarily', slow(10)],
    ['too many unknown recipients', '451', 'excessive unknown recipients', slow(60)],
  ]),
  ...rulesOf('yahoo', hosts, 'https://oshibkis.ru/error-code-450', [
    ['one mailbox gets mail too quickly', '450', 'receiving mail too quickly', onlyThisMessage],
  ]),
];
