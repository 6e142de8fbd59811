// Statuses out of errors, the NOTIFY rules, and advice for every status.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceFor } from '../../src/bounce/advice.ts';
import { errorParts, statusFrom } from '../../src/bounce/status.ts';
import { type DsnAction, wantsReport } from '../../src/bounce/wants-report.ts';

test('the status of an error', () => {
  const table: [error: string, status: string][] = [
    ['550 5.1.1 no such user', '5.1.1'],
    ['RCPT: 550 5.1.1 no such user', '5.1.1'],
    ['content: 554-5.7.1 spam', '5.7.1'],
    ['MAIL: 550', '5.0.0'],
    ['MAIL: 550 no', '5.0.0'],
    ['550 #5.1.0 Address rejected.', '5.1.0'],
    ['550-#5.7.1 not wanted', '5.7.1'],
    ['550 (5.1.1) no such user', '5.1.1'],
    ['550 [5.1.1] no such user', '5.1.1'],
    ['550 #4.1.0 mixed up', '5.0.0'],
    ['550 ##5.1.0 odd', '5.0.0'],
    ['451 4.3.0 local trouble', '4.3.0'],
    ['RCPT: 450 greylisted', '4.0.0'],
    ['DATA: 250 2.0.0 ok', '2.0.0'],
    // RFC 3463 2: the class has to agree with the reply.
    ['RCPT: 550 4.1.1 mixed up', '5.0.0'],
    ['RCPT: 550 5.1 short', '5.0.0'],
    ['RCPT: 550 5.1.1234 long', '5.0.0'],
    ['RCPT: 550 5.1.1.1 odd', '5.0.0'],
    ['timed out while waiting for the greeting', '5.0.0'],
    ['', '5.0.0'],
    ['5501 no reply', '5.0.0'],
  ];
  for (const [error, status] of table) assert.equal(statusFrom(error), status, error);
});

test('an error taken apart', () => {
  assert.deepEqual(errorParts('RCPT: 550 5.1.1 no'), {
    command: 'RCPT',
    text: '550 5.1.1 no',
    isReply: true,
  });
  assert.deepEqual(errorParts('550 no'), { command: '', text: '550 no', isReply: true });
  assert.deepEqual(errorParts('oops: no'), { command: '', text: 'oops: no', isReply: false });
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
  assert.match(adviceFor('5.2.2'), /mailbox is full/);
  assert.match(adviceFor('4.2.2'), /mailbox is full/);
  assert.match(adviceFor('5.1.1'), /typing errors/);
  assert.match(adviceFor('5.7.26'), /rule of the recipient/);
  assert.match(adviceFor('5.0.0'), /postmaster/);
  assert.match(adviceFor('nonsense'), /postmaster/);
  assert.match(adviceFor('5.constructor.x'), /postmaster/);
});
