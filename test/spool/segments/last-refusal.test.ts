// Lines of earlier versions as last refusals: which of them mark a message as damaged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastDamageOf, readLastRefusal } from '../../../src/spool/segments/last-refusal.ts';

const damaged = '451 4.3.0 the stored message is damaged: ';

test('a line about damage marks damage, with its reason', () => {
  const why = 'the checksum of its content does not hold';
  assert.equal(lastDamageOf(readLastRefusal(damaged + why)), why);
});

test('a line with the text of a server marks no damage, however long the text and whatever the name of the server', () => {
  const endings = [
    '(in reply to RCPT)',
    '(greeting of mx(1).test[192.0.2.1]:25)',
    '(reply to EHLO of mx.test[192.0.2.1]:25)',
  ];
  for (const ending of endings) {
    for (let length = 0; length < 1100; length++) {
      // Earlier versions cut lines at 1,000 characters.
      const line = `${damaged}${'x'.repeat(length)} ${ending}`.slice(0, 1000);
      assert.equal(lastDamageOf(readLastRefusal(line)), undefined, line);
    }
  }
});
