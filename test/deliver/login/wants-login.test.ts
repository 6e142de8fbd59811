// Replies by which a smarthost says that it wants a log-in, or another one: they are no reason to send mail back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantsLogin } from '../../../src/deliver/login/wants-login.ts';
import { smtpHop } from '../../../src/route/next-hop.ts';

const hop = smtpHop('relay.test', '192.0.2.1', 587, 0);

function says(code: number, site: string): boolean {
  const reply = { code, enhanced: '', lines: ['log in'], command: 'MAIL' } as const;
  return wantsLogin({ kind: 'reply', reply }, { connection: 1, hop, site, source: '' });
}

for (const code of [530, 535])
  test(`${code} from a smarthost is about its log-in, and from an MX host about the mail`, () => {
    assert.equal(says(code, 'relay:relay.test:587'), true);
    assert.equal(says(code, 'mx:relay.test'), false);
  });

test('another refusal of a smarthost is about the mail', () => {
  assert.equal(says(550, 'relay:relay.test:587'), false);
});
