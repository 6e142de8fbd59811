// Statuses of refusals, the NOTIFY rules, and advice for every status.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { english } from '../../src/bounce/texts/english.ts';
import { adviceFor } from '../../src/bounce/advice.ts';
import { failureStatus } from '../../src/bounce/status.ts';
import { type DsnAction, wantsReport } from '../../src/bounce/wants-report.ts';
import { damageRefusal, remoteRefusal, type Refusal } from '../../src/message/refusal.ts';
import { ReplyParser } from '../../src/protocol/smtp/client/reply-parser.ts';
import { broken, farHost, ours, said } from '../refusals.ts';

/** The refusal that a server's reply is, from its bytes. */
function repliedWith(line: string): Refusal {
  const parser = new ReplyParser(1000);
  parser.push(Buffer.from(`${line}\r\n`));
  assert.equal(parser.next(), true, line);
  return remoteRefusal(farHost, parser.reply('RCPT'), parser.code >= 500);
}

test('the status is that of the reply if its class is that of the code, else it is made from the code', () => {
  const table: [reply: string, status: string][] = [
    ['550 5.1.1 no such user', '5.1.1'],
    ['550 5.1.1', '5.1.1'],
    ['550 5.1.1: no such user', '5.1.1'],
    ['550', '5.0.0'],
    ['550 no', '5.0.0'],
    ['550 #5.1.0 Address rejected.', '5.1.0'],
    ['550 (5.1.1) no such user', '5.1.1'],
    ['550 [5.1.1] no such user', '5.1.1'],
    ['550 #4.1.0 mixed up', '5.0.0'],
    ['550 ##5.1.0 odd', '5.0.0'],
    ['451 4.3.0 trouble', '4.3.0'],
    ['450 greylisted', '4.0.0'],
    // RFC 3463 2: the class has to agree with the reply.
    ['550 4.1.1 mixed up', '5.0.0'],
    ['550 5.1 short', '5.0.0'],
    ['550 5.1.1234 long', '5.0.0'],
    ['550 5.1.1.1 odd', '5.0.0'],
  ];
  for (const [reply, status] of table) assert.equal(failureStatus(repliedWith(reply), false), status, reply);
  assert.equal(failureStatus(repliedWith('550 5.1.1 no such user'), true), '4.4.7');
});

test('the status of what no server has replied', () => {
  assert.equal(failureStatus(broken('timed out'), false), '4.4.1');
  assert.equal(failureStatus(broken('timed out', 'RCPT'), false), '4.4.2');
  assert.equal(failureStatus(ours('given up'), false), '4.0.0');
  assert.equal(failureStatus({ ...ours('given up'), permanent: true }, false), '5.0.0');
  assert.equal(failureStatus(damageRefusal('gone'), false), '4.3.0');
  assert.equal(failureStatus({ ...said('550 no'), enhanced: 'nonsense' }, false), '5.0.0');
});

test('who wants which report (RFC 3461 4.1)', () => {
  const none = { never: false, success: false, failure: false, delay: false };
  const wanted = (notify: Parameters<typeof wantsReport>[0]) =>
    (['failed', 'delayed', 'delivered', 'relayed'] satisfies DsnAction[]).filter((action) =>
      wantsReport(notify, action),
    );
  assert.deepEqual(wanted(undefined), ['failed', 'delayed']);
  assert.deepEqual(wanted({ never: true, success: true, failure: true, delay: true }), []);
  assert.deepEqual(wanted({ ...none, failure: true }), ['failed']);
  assert.deepEqual(wanted({ ...none, delay: true }), ['delayed']);
  assert.deepEqual(wanted({ ...none, success: true }), ['delivered', 'relayed']);
  assert.deepEqual(wanted(none), []);
});

test('advice fits the detail, else the subject, else there is a general word', () => {
  assert.match(adviceFor('5.2.2', english), /mailbox is full/);
  assert.match(adviceFor('4.2.2', english), /mailbox is full/);
  assert.match(adviceFor('5.1.1', english), /typing errors/);
  assert.match(adviceFor('5.7.26', english), /rule of the recipient/);
  assert.match(adviceFor('5.0.0', english), /postmaster/);
  assert.match(adviceFor('nonsense', english), /postmaster/);
  assert.match(adviceFor('5.constructor.x', english), /postmaster/);
});
