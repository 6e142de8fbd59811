// What replies of any host mean: first what concerns one message or mailbox only, then the words for "too much".
// Only 4xx replies: a 5xx is about the message (RFC 5321 4.2.1), whatever words it uses.

import type { ReactionRule } from '../types.ts';
import { onlyThisMessage, rulesOf, slow, type ReactionRow } from './rule-list.ts';

const replyCodes = 'https://www.rfc-editor.org/rfc/rfc5321#section-4.2';
const statusCodes = 'https://www.rfc-editor.org/rfc/rfc3463#section-3';
const greylisting = 'https://www.rfc-editor.org/rfc/rfc6647';

/** A text and how it is told: words that stand for themselves. */
function tooMuch(...texts: readonly string[]): ReactionRow[] {
  return texts.map((text) => [text.replaceAll('*', ' ... '), '4', text, slow(10)]);
}

/** Exceptions: these replies may say 421 or "try again later", and are no sign of trouble between the two hosts. */
const exceptions: readonly ReactionRule[] = [
  ...rulesOf('any host', [], greylisting, [
    ['greylisting', '4', 'greylist', onlyThisMessage],
    ['graylisting', '4', 'graylist', onlyThisMessage],
    ['grey listing', '4', 'grey list', onlyThisMessage],
    ['grey-listing', '4', 'grey-list', onlyThisMessage],
    ['gray listing', '4', 'gray list', onlyThisMessage],
  ]),
  ...rulesOf('any host', [], statusCodes, [
    // RFC 3463 X.2.1, X.2.2, X.5.3, X.4.2.
    ['one mailbox takes nothing now', '450', ' 4.2.1', onlyThisMessage],
    ['mailbox full', '4', ' 4.2.2', onlyThisMessage],
    ['too many recipients in one transaction', '4', ' 4.5.3', onlyThisMessage],
    ['the connection was silent for too long', '421', ' 4.4.2', onlyThisMessage],
  ]),
  ...rulesOf('any host', [], replyCodes, [
    ['too many recipients', '452', 'too many recipients', onlyThisMessage],
    ['one user gets too much mail', '4', 'user*receiving*mail*too', onlyThisMessage],
    ['the connection timed out', '421', 'timeout', onlyThisMessage],
    ['the connection timed out (two words)', '421', 'timed out', onlyThisMessage],
  ]),
];

export const generalReactions: readonly ReactionRule[] = [
  ...exceptions,
  ...rulesOf('any host', [], replyCodes, [
    // RFC 5321 3.8, 4.2.2: the service is closing its connections.
    ['421', '421', '', slow(10)],
    ...tooMuch(
      'too many connections',
      'too many concurrent',
      'too many simultaneous',
      'too many sessions',
      'too many messages',
      'too many mails',
      'too many emails',
      'too much mail',
      'too fast',
      'number of*connections',
      'connection limit',
      'connections exceeded',
      'rate limit',
      'rate-limit',
      'ratelimit',
      'rate control',
      'limit rate',
      'throttl',
      'slow down',
      'unusual rate',
      'excessive volume',
      'server busy',
      'server is busy',
      'server too busy',
      'system*overload',
      'try again later*too many',
    ),
  ]),
  // RFC 3463 X.4.5: mail system congestion.
  ...rulesOf('any host', [], statusCodes, [['congestion', '4', ' 4.4.5', slow(10)]]),
];
