// The form in which senders are remembered: what programs make up for each message is left out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { senderKey } from '../../../src/policy/greylist/sender-key.ts';

for (const [sender, key] of [
  ['', ''],
  ['Joe@EXAMPLE.com', 'joe@example.com'],
  ['joe+list@example.com', 'joe@example.com'],
  ['joe@müller.example', 'joe@xn--mller-kva.example'],
  // VERP, as ezmlm and mailman write it.
  ['list-return-123-joe=example.org@lists.example', 'list-return-#-joe=example.org@lists.example'],
  ['bounce-4711_html-12345@news.example', 'bounce-#@news.example'],
  ['bounces+77-1a2b-joe=example.org@send.example', 'bounces@send.example'],
  ['msg.0190a1b2c3d4e5f6@shop.example', 'msg.#@shop.example'],
  // BATV.
  ['prvs=1234abcdef=joe@example.com', 'joe@example.com'],
  ['prvs=5678fedcba=joe@example.com', 'joe@example.com'],
  // SRS: hash and day differ.
  ['SRS0=aBcD=6Z=example.org=joe@forward.example', 'srs=example.org=joe@forward.example'],
  ['srs0=xYz1=7A=example.org=joe@forward.example', 'srs=example.org=joe@forward.example'],
  [
    'SRS1=hash=first.example==abcd=6Z=example.org=joe@second.example',
    'srs=first.example=example.org=joe@second.example',
  ],
] as const) {
  test(`${sender || '<>'} is remembered as ${key || '<>'}`, () => {
    assert.equal(senderKey(sender), key);
  });
}

test('a sender of any form has a key of bounded length, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const key = senderKey(`${text}@example.com`);
      assert.ok(key.length <= 320);
    }),
  );
});
