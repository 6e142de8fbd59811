// The built-in rules for replies of providers, tested with the texts of their replies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInReactions } from '../../../src/schedule/adapt/built-in-reactions.ts';
import { firstReaction } from '../../../src/schedule/adapt/match-reply.ts';
import type { ReactionAction } from '../../../src/schedule/adapt/types.ts';
import { said } from '../../refusals.ts';

const gmail = 'gmail-smtp-in.l.google.com';
const workspace = 'aspmx3.googlemail.com';
const hotmail = 'hotmail-com.olc.protection.outlook.com';
const exchange = 'example-com.mail.protection.outlook.com';
const yahoo = 'mta5.am0.yahoodns.net';
const any = 'mx.example.net';

/** The action in short: `slow 10`, `pause 60` (minutes), `retry` (only this message), `nothing`. */
function shown(action: ReactionAction | undefined): string {
  if (action === undefined) return 'nothing';
  return 'forMs' in action ? `${action.kind} ${action.forMs / 60_000}` : action.kind;
}

/** Host, reply as the client session reports it, expected action. */
const table: readonly [string, string, string][] = [
  [
    gmail,
    '421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address 192.0.2.1. To protect our users from spam, email sent from your IP address has been temporarily rate limited. - gsmtp',
    'slow 30',
  ],
  [
    workspace,
    '421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your IP Netblock 192.0.2.0. - gsmtp',
    'slow 30',
  ],
  [
    gmail,
    '421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your DKIM domain example.com 24. - gsmtp',
    'retry',
  ],
  [
    gmail,
    '421 4.7.28 Gmail has detected an unusual rate of unsolicited email containing one of your URL domains. - gsmtp',
    'retry',
  ],
  [
    gmail,
    '421 4.7.0 [192.0.2.1 15] Our system has detected an unusual rate of unsolicited mail originating from your IP address. p4si3522070uam.9 - gsmtp',
    'slow 30',
  ],
  [
    gmail,
    '450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. - gsmtp',
    'retry',
  ],
  [
    gmail,
    '450 4.2.1 The user you are trying to contact is receiving email too quickly. Please resend your message at a later time. - gsmtp',
    'retry',
  ],
  [gmail, '421 4.7.26 This email has been rate limited because it is unauthenticated. - gsmtp', 'retry'],
  [
    gmail,
    '421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address. - gsmtp',
    'slow 60',
  ],
  [
    gmail,
    '421 4.7.0 This message is suspicious due to the very low reputation of the sending domain. - gsmtp',
    'retry',
  ],
  [
    gmail,
    '451 4.7.23 The sending IP address does not have a PTR record, email has been temporarily rate limited. - gsmtp',
    'slow 60',
  ],
  [gmail, '421 4.7.0 Try again later, closing connection. (EHLO) - gsmtp', 'slow 10'],
  [gmail, '421 4.3.0 Temporary System Problem. Try again later (10). - gsmtp', 'slow 5'],
  [gmail, '451 4.3.0 Email server has temporarily rejected this message. - gsmtp', 'nothing'],
  [gmail, "452 4.2.2 The recipient's inbox is out of storage space. - gsmtp", 'retry'],
  [gmail, '550 5.1.1 The email account that you tried to reach does not exist. - gsmtp', 'nothing'],
  [
    hotmail,
    '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)',
    'slow 60',
  ],
  [
    hotmail,
    '451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections. (S3115)',
    'slow 15',
  ],
  [
    hotmail,
    '421 RP-001 (SNT0-MC2-F19) The mail server IP connecting to Outlook.com has exceeded the rate limit allowed.',
    'slow 60',
  ],
  [exchange, '451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)', 'slow 30'],
  [
    exchange,
    '421 4.3.2 The maximum number of concurrent connections per resource forest has exceeded a limit, closing transmission channel. PRX8',
    'slow 10',
  ],
  [exchange, '450 4.7.3 Organization queue quota exceeded.', 'retry'],
  [exchange, '451 4.7.5 TLS certificate not trusted', 'nothing'],
  [exchange, '550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.', 'nothing'],
  [
    yahoo,
    '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1 (greeting of mta5.am0.yahoodns.net[192.0.2.25]:25)',
    'slow 60',
  ],
  [
    yahoo,
    '421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.',
    'pause 240',
  ],
  [yahoo, '451 Resources temporarily unavailable. Please try again later [#4.16.1].', 'slow 10'],
  [yahoo, '450 User is receiving mail too quickly', 'retry'],
  [
    'mx01.mail.icloud.com',
    '421 4.7.1 Messages to user@icloud.com deferred due to excessive volume. Try again later',
    'retry',
  ],
  ['mx02.mail.icloud.com', '451 4.7.1 Service unavailable - try again later', 'slow 10'],
  ['mx1.comcast.net', '421 resimta-po-01v.sys.comcast.net Too many sessions opened', 'slow 10'],
  [
    'mx2.comcast.net',
    '421 4.1.0 192.0.2.1 Throttled - try again later. Please see postmaster pages RL000003',
    'slow 30',
  ],
  [
    'mx00.gmx.net',
    '421 gmx.net (mxgmx104) Nemesis ESMTP Service not available Service unavailable Reject due to policy restrictions',
    'slow 120',
  ],
  ['mx-ha02.web.de', '421 Rate limit reached. Please try again later', 'slow 120'],
  [
    'mx00.t-online.de',
    '554 IP=192.0.2.1 - None/bad reputation. Ask your postmaster for help or to contact postmaster@rx.t-online.de for reset. (NOWL)',
    'pause 60',
  ],
  [
    'smtp-in.orange.fr',
    '421 mwinf5c79 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR005_104 [104]',
    'slow 30',
  ],
  [
    'smtp-in.orange.fr',
    '421 mwinf5c77 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_999 [999]',
    'slow 120',
  ],
  ['mx1.free.fr', '421 Too many connections', 'slow 30'],
  ['mxs.mail.ru', '421 4.7.0 IP frequency limit exceeded', 'slow 15'],
  ['mx.yandex.ru', '451 4.7.1 too many connections from your host', 'slow 15'],
  ['mx.yandex.ru', '450 4.2.1 The recipient has exceeded message rate limit. Try again later.', 'retry'],
  [
    'eu-smtp-inbound-1.mimecast.com',
    '451 Internal resource is temporarily unavailable - [Aj3QXapeMpqZYaeFwWhjzw.us32]',
    'retry',
  ],
  ['eu-smtp-inbound-1.mimecast.com', '421 Unable to process connection at this time', 'slow 10'],
  ['mxa-00000000.gslb.pphosted.com', '452 4.5.3 Too many recipients received this hour', 'slow 30'],
  ['pkvw-mx.msg.pkvw.co.charter.net', '421 cmsmtp 192.0.2.1 blocked AUP#In-1340', 'slow 30'],
  [
    any,
    '421 4.7.1 Client host blocked, see http://csi.cloudmark.com/reset-request/?ip=192.0.2.1',
    'pause 30',
  ],
  [any, '421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1', 'slow 10'],
  [any, '421 Too many concurrent SMTP connections from this IP address; please try again later.', 'slow 10'],
  [any, '421 Service not available, closing transmission channel', 'slow 10'],
  [any, '452 4.3.2 Connection rate limit exceeded.', 'slow 10'],
  [any, '450 too many connections from your IP (rate controlled)', 'slow 10'],
  [any, '450 4.7.1 Error: too much mail from 192.0.2.1', 'slow 10'],
  [any, '451 4.7.1 Please slow down', 'slow 10'],
  [any, '451 THROTTLED', 'slow 10'],
  [any, '454 Throttling failure: Maximum sending rate exceeded.', 'slow 10'],
  [any, '451 4.4.5 Mail system congestion', 'slow 10'],
  [
    any,
    '450 4.2.0 <user@example.net>: Recipient address rejected: Greylisted, see http://postgrey.example/',
    'retry',
  ],
  [any, '421 4.7.0 Greylisting in effect, please come back later', 'retry'],
  [any, '451 4.7.1 Graylisted, try again in 5 minutes', 'retry'],
  [
    any,
    '451 192.0.2.1 is not yet authorized to deliver mail from <a@example.com>. Please try later.',
    'nothing',
  ],
  [any, '452 4.5.3 Error: too many recipients', 'retry'],
  [any, '452 too many recipients, try again later', 'retry'],
  [any, '452 4.2.2 Mailbox full: too many messages', 'retry'],
  [any, '421 4.4.2 mx.example.net Error: timeout exceeded', 'retry'],
  [any, '450 4.1.8 <a@example.com>: Sender address rejected: Domain not found', 'nothing'],
  [any, '451 4.3.0 Temporary lookup failure', 'nothing'],
  [any, '452 4.3.1 Insufficient system storage', 'nothing'],
  [any, '550 5.7.1 Too many connections is what this message is about', 'nothing'],
  [any, '554 5.7.1 Message rejected due to rate limit policy', 'nothing'],
  // A provider's own text means nothing when another host sends it.
  [any, '450 4.7.3 Organization queue quota exceeded.', 'nothing'],
  ['notgoogle.com', '421 4.7.28 unusual rate', 'slow 10'],
];

for (const [host, reply, reaction] of table) {
  test(`${host}: ${reply.slice(0, 100)} -> ${reaction}`, () => {
    assert.equal(shown(firstReaction(builtInReactions, said(reply, 'content'), host)?.action), reaction);
  });
}

test('every rule can be the first to match', () => {
  for (const rule of builtInReactions) {
    const host = rule.mx[0]?.replace('*', 'mx1') ?? any;
    const reply = `${rule.code.padEnd(3, '5')} ${rule.text.replaceAll('*', ' and ').trim()}`;
    assert.equal(firstReaction(builtInReactions, said(reply, 'content'), host)?.name, rule.name, reply);
  }
});

test('every rule has a unique name and a source, and its action ends by itself', () => {
  const names = new Set<string>();
  for (const { name, origin, source, code, action } of builtInReactions) {
    assert.ok(!names.has(name), name);
    names.add(name);
    assert.equal(origin, 'built in');
    assert.match(source, /^https?:\/\/[^ ]+\.[^ ]+\/[^ ]*$/, name);
    assert.match(code, /^[45]\d{0,2}$/, name);
    if ('forMs' in action) assert.ok(action.forMs >= 60_000 && action.forMs <= 4 * 3_600_000, name);
    assert.notEqual(action.kind, 'bounce', name);
  }
});
