// From the outcomes of recipients to the exit code that a script sees.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { verdict } from '../../src/cli/sendmail/verdict.ts';
import type { RecipientOutcome, RepliedCommand } from '../../src/protocol/smtp/client/client-session.ts';

const addresses = ['a@example.com', 'b@example.com', 'c@example.com'];

function outcomes(...errors: string[]): RecipientOutcome[] {
  return errors.map((error, recipient) => {
    const [, code = '250', enhanced = '', text = '', command = 'content'] =
      /^(\d{3})(?: (\d\.\d+\.\d+))? (.*?)(?: \(in reply to (\w+)\))?$/.exec(error) ?? [];
    const reply = { code: Number(code), enhanced, lines: [text], command: command as RepliedCommand };
    if (error === '') return { recipient, result: 'delivered', reply };
    const result = code.startsWith('4') ? 'tempfail' : 'permfail';
    return { recipient, result, failure: { kind: 'reply', reply } };
  });
}

describe('the verdict on a message', () => {
  it('is no error when every recipient was accepted', () => {
    assert.equal(verdict(outcomes('', ''), addresses), undefined);
  });

  const table: readonly (readonly [
    what: string,
    exitCode: number,
    code: string,
    errors: string[],
    message: RegExp,
  ])[] = [
    [
      'no such user',
      67,
      'SENDMAIL_REFUSED',
      ['550 5.1.1 no (in reply to RCPT)'],
      /^Sluice did not take the message: 550 5\.1\.1 no \(in reply to RCPT\)$/,
    ],
    [
      'relaying denied',
      77,
      'SENDMAIL_REFUSED',
      ['550 5.7.1 no (in reply to RCPT)'],
      /: 550 5\.7\.1 no \(in reply to RCPT\)$/,
    ],
    ['content refused', 65, 'SENDMAIL_REFUSED', ['554 5.6.0 no (in reply to content)'], /: 554 5\.6\.0 no/],
    ['too large', 65, 'SENDMAIL_REFUSED', ['552 5.3.4 too big'], /: 552/],
    [
      'any other refusal',
      69,
      'SENDMAIL_REFUSED',
      ['554 no (in reply to content)'],
      /: 554 no \(in reply to content\)$/,
    ],
    ['not now', 75, 'SENDMAIL_TRY_AGAIN', ['452 4.5.3 later (in reply to RCPT)'], /: 452 4\.5\.3/],
    [
      'the same for all, said once',
      75,
      'SENDMAIL_TRY_AGAIN',
      ['452 4.3.1 full (in reply to DATA)', '452 4.3.1 full (in reply to DATA)'],
      /^Sluice did not take the message: 452 4\.3\.1 full \(in reply to DATA\)$/,
    ],
    [
      'some, for different reasons: the permanent one decides',
      67,
      'SENDMAIL_REFUSED',
      ['452 4.5.3 later (in reply to RCPT)', '', '550 5.1.1 no (in reply to RCPT)'],
      /^Sluice did not take the message for 2 of 3 recipients, and sent it to the others: <a@example\.com>: 452 4\.5\.3 later \(in reply to RCPT\)\n {2}<c@example\.com>: 550 5\.1\.1 no \(in reply to RCPT\)$/,
    ],
  ];
  for (const [what, exitCode, code, errors, message] of table) {
    it(`${what}: ${exitCode}`, () => {
      const error = verdict(outcomes(...errors), addresses);
      assert.equal(error?.exitCode, exitCode);
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }
});
