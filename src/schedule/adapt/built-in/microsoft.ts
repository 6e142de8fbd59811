// What Exchange Online and outlook.com (hotmail.com, live.com) answer.

import type { ReactionRule } from '../types.ts';
import { onlyThisMessage, rulesOf, slow } from './rule-list.ts';

const hosts = ['*.outlook.com', '*.mx.microsoft'];

export const microsoftReactions: readonly ReactionRule[] = [
  ...rulesOf(
    'microsoft',
    hosts,
    'https://www.suped.com/learn/email-deliverability/why-are-my-hotmail-emails-failing-due-to-connection-limits-and-what-can-i-do',
    [['too many connections', '451', '4.7.652', slow(15)]],
  ),
  ...rulesOf(
    'microsoft',
    hosts,
    'https://www.suped.com/email-deliverability/answers/what-causes-temporary-rate-limiting-due-to-ip-reputation-with-microsoft-email-servers',
    [
      ['our address is limited for its reputation (650)', '451', '4.7.650', slow(60)],
      ['our address is limited for its reputation (651)', '451', '4.7.651', slow(60)],
    ],
  ),
  ...rulesOf(
    'microsoft',
    hosts,
    'https://support.office.com/en-ie/article/fix-email-delivery-issues-for-error-code-451-4-7-500-699-asxxx-in-office-365-51356082-9fef-4639-a18a-fc7c5beae0c8',
    [
      ['our address sends more than it used to', '451', ' 4.7.5*server busy', slow(30)],
      ['our address is limited', '451', ' 4.7.6*rate limited', slow(30)],
    ],
  ),
  ...rulesOf('microsoft', hosts, 'https://smtpfieldmanual.com/spamfilter/exchangeonline', [
    ['too many connections to one part of it', '421', '4.3.2*concurrent connections', slow(10)],
  ]),
  ...rulesOf('microsoft', hosts, 'https://oshibkis.ru/error-code-450', [
    ['one customer has too much mail', '450', '4.7.3*organization queue quota', onlyThisMessage],
  ]),
  ...rulesOf('microsoft', hosts, 'https://www.postmastery.com/hotmail-throttling-and-powermta/', [
    ['rate limit for our reputation', '421', 'rp-00', slow(60)],
    ['connection limit', '421', 'exceeded the connection limit', slow(15)],
  ]),
];
