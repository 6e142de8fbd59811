// What other mailbox providers and filtering services answer.

import type { ReactionRule } from '../types.ts';
import { onlyThisMessage, pause, rulesOf, slow } from './rule-list.ts';

const unitedInternet = ['*.gmx.net', '*.web.de', '*.mail.com', '*.kundenserver.de', '*.ionos.de'];
const russianProviders =
  'https://check.live-direct-marketing.online/blog/email-throttling-mailru-yandex-cis-quotas';

export const providerReactions: readonly ReactionRule[] = [
  ...rulesOf('icloud', ['*.mail.icloud.com'], 'https://smtp.codes/icloud', [
    ['one mailbox gets too much mail', '421', '4.7.1*deferred due to excessive volume', onlyThisMessage],
    ['unavailable at busy times', '451', '4.7.1*service unavailable', slow(10)],
  ]),
  ...rulesOf(
    'comcast',
    ['*.comcast.net'],
    'http://security.comcast.net/get-help/Mail-Delivery-Error-Messages.aspx',
    [
      ['too many sessions', '421', 'too many sessions opened', slow(10)],
      ['our address has no PTR record', '421', 'reverse dns failure', slow(30)],
    ],
  ),
  ...rulesOf(
    'comcast',
    ['*.comcast.net'],
    'https://www.suped.com/knowledge/email-deliverability/troubleshooting/what-should-i-do-about-comcast-throttling-and-deferral-errors',
    [
      ['throttled', '421', 'throttled', slow(30)],
      ['rate limit of our address', '4', 'rl0000', slow(30)],
    ],
  ),
  ...rulesOf(
    'spectrum',
    ['*.charter.net', '*.charter.com'],
    'https://www.suped.com/knowledge/email-deliverability/troubleshooting/how-to-resolve-email-delivery-issues-to-charternet',
    [['too many connections or poor reputation', '421', 'aup#', slow(30)]],
  ),
  ...rulesOf(
    'united internet',
    unitedInternet,
    'https://new-faq.comservice-ffo.de/smtp-fehlermeldungen-e-mail-fehler/',
    [
      ['rate limit', '421', 'rate limit', slow(120)],
      ['too many unknown recipients', '421', 'reject due to policy violations', slow(120)],
      ['overload', '451', 'local error in processing', slow(10)],
    ],
  ),
  ...rulesOf(
    'united internet',
    unitedInternet,
    'https://www.suped.com/learn/email-deliverability/how-to-resolve-smtp-421-errors-with-webde-and-gmxnet-due-to-rate-limiting',
    [
      ['too many messages', '421', 'too many messages', slow(120)],
      ['policy restrictions', '421', 'reject due to policy restrictions', slow(120)],
    ],
  ),
  ...rulesOf(
    't-online',
    ['*.t-online.de'],
    'https://timmehosting.de/leitfaden-wenn-t-online-e-mails-blockiert-ursachen-und-loesungen',
    [['our address is not wanted', '554', 'ip=*rx.t-online.de', pause(60)]],
  ),
  ...rulesOf('orange', ['*.orange.fr', '*.wanadoo.fr'], 'https://bentonow.com/smtp-errors/orange', [
    ['too many connections', '421', '_104', slow(30)],
    ['service refused for now', '421', '_105', slow(30)],
  ]),
  ...rulesOf(
    'orange',
    ['*.orange.fr', '*.wanadoo.fr'],
    'https://www.suped.com/knowledge/email-deliverability/technical/what-causes-email-delays-and-ofr_999-errors-when-sending-to-orangefr',
    [['limited for bad behaviour', '421', 'ofr_999', slow(120)]],
  ),
  ...rulesOf(
    'free',
    ['*.free.fr'],
    'https://help.returnpath.com/hc/en-us/articles/115002966487-Free-troubleshooting-support-information',
    [['too many connections or messages', '421', '', slow(30)]],
  ),
  ...rulesOf('mail.ru', ['*.mail.ru'], russianProviders, [
    ['our address connects too often', '421', 'frequency limit', slow(15)],
  ]),
  ...rulesOf('yandex', ['*.yandex.ru', '*.yandex.net'], russianProviders, [
    ['too many connections', '451', 'too many connections', slow(15)],
  ]),
  ...rulesOf('yandex', ['*.yandex.ru', '*.yandex.net'], 'https://oshibkis.ru/error-code-450', [
    ['one mailbox gets too much mail', '450', 'recipient has exceeded*rate limit', onlyThisMessage],
  ]),
  ...rulesOf('mimecast', ['*.mimecast.com'], 'https://electronicaportatil.com/smtp-error-codes/', [
    ['overload', '421', 'unable to process connection at this time', slow(10)],
    ['greylisting', '451', 'internal resource*temporarily unavailable', onlyThisMessage],
  ]),
  ...rulesOf(
    'proofpoint',
    ['*.pphosted.com', '*.ppe-hosted.com'],
    'https://www.suped.com/learn/email-deliverability/what-filtering-provider-uses-the-bounce-message-452-too-many-recipients-received-this-hour-and-h',
    [['too many recipients in an hour', '452', 'too many recipients received this hour', slow(30)]],
  ),
  ...rulesOf(
    'tdc',
    ['*.tdc.dk', '*.tele.dk'],
    'https://postmaster.tdc.dk/fejlmeddelser/fpo/452-4-5-0-policy-based-throttling',
    [['too many unknown recipients', '452', 'policy based throttling', slow(60)]],
  ),
  ...rulesOf('cox', ['*.cox.net'], 'http://postmaster.cox.net/confluence/display/postmaster/Error+Codes', [
    ['our address is blocked for some time', '4', 'cdrbl', pause(60)],
  ]),
  // Used by many providers; the block ends when the reputation is better, which takes at least hours.
  ...rulesOf('cloudmark', [], 'http://csi.cloudmark.com/reasons-admin.php', [
    ['our address has a poor reputation', '4', 'csi.cloudmark.com', pause(30)],
    ['our address is listed', '4', 'cloudmark csi', pause(30)],
  ]),
];
