// For any server that a session logs in at: the session ends, it is ready only after a 235 that can be believed, a server that does not know
// the password never gets as far with SCRAM, and no text about a failure has the secret in it.

import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ClientSession } from '../../../../src/protocol/smtp/client/client-session.ts';
import type { ClientLogin } from '../../../../src/protocol/smtp/client/login-types.ts';
import { failureText } from '../../../../src/protocol/smtp/client/reply-text.ts';
import {
  clientMechanism,
  type ClientMechanismName,
  passwordMechanisms,
  tokenMechanisms,
} from '../../../../src/sasl/client/client-mechanisms.ts';

const secret = 'S3cret-that-nobody-may-see';
const allNames = [...passwordMechanisms, ...tokenMechanisms];

function loginBy(names: readonly ClientMechanismName[]): ClientLogin {
  const binding = { type: 'tls-exporter', value: Buffer.alloc(32, 7) };
  const facts = { user: 'joe', secret, host: 'mx.test', port: 587, binding };
  return {
    mechanisms: names.map((name) => clientMechanism(name, facts)),
    allowed: 'the log-in allows some',
    secrets: [secret],
  };
}

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

/** The nonce of the client, as far as it is in what it has sent. */
function nonceIn(output: string): string {
  const [, initial = ''] = /AUTH SCRAM\S* (\S+)\r\n$/.exec(output) ?? [];
  return /r=([^,]*)$/.exec(Buffer.from(initial, 'base64').toString('latin1'))?.[1] ?? '';
}

/** What a server may send; `{nonce}` and `{sent}` stand for what the client has sent. */
const serverText = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        nonce: fc.constantFrom(
          '{nonce}abc',
          '{nonce}',
          'abc{nonce}',
          '',
          '{nonce},x',
          '{nonce}\u0001',
          '{nonce}ä',
        ),
        salt: fc.constantFrom('QSXCR+Q6sek8bf92', '', '!', 'QSXC'.repeat(2000), 'QSX'),
        count: fc.constantFrom(
          '4096',
          '1',
          '0',
          '4095',
          '100000',
          '100001',
          '-4096',
          '1e9',
          '99999999999',
          '04096',
          '',
        ),
        more: fc.constantFrom('', ',x=1', ',m=1'),
      })
      .map(({ count, more, nonce, salt }) => ({ challenge: `r=${nonce},s=${salt},i=${count}${more}` })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { challenge: '' },
      { challenge: `v=${base64('x'.repeat(32))}` },
      { challenge: 'v=' },
      { challenge: 'e=other-error' },
      { challenge: 'Username:' },
      { challenge: '{"status":"400"}' },
      { challenge: 'x'.repeat(9000) },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '235 2.7.0 welcome\r\n',
      '235\r\n',
      '504 5.5.4 what\r\n',
      '534 5.7.9 weak\r\n',
      '535 5.7.8 no\r\n',
      `535 5.7.8 ${secret}\r\n`,
      '535 {sent}\r\n',
      '454 4.7.0 later\r\n',
      '421 4.7.0 bye\r\n',
      '501 5.5.2 syntax\r\n',
      '334 {sent}\r\n',
      '334 not base64!\r\n',
      '334-a\r\n334 b\r\n',
      '334\r\n',
      '250 ok\r\n',
      '354 go\r\n',
      '235 2.7.0 welcome\r\n250 ok\r\n',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

interface Seen {
  readonly isReady: boolean;
  readonly replies: readonly string[];
  readonly texts: readonly string[];
  readonly output: string;
  readonly closes: number;
  readonly phase: string;
}

function play(
  names: readonly ClientMechanismName[],
  offered: string,
  texts: readonly (string | { readonly challenge: string })[],
): Seen {
  const session = new ClientSession({ heloName: 'client.test', logsIn: true });
  let [output, last, isReady, closes] = ['', '', false, 0];
  const seen: string[] = [];
  const pump = (): void => {
    for (let event = session.next(); event !== undefined; event = session.next()) {
      assert.equal(closes, 0, 'nothing comes after close');
      if (event.kind === 'login') session.login.begin(loginBy(names));
      else if (event.kind === 'derive') {
        assert.ok(event.iterations >= 4096 && event.iterations <= 100_000 && event.salt.length <= 1024);
        session.login.derived(pbkdf2Sync(secret, event.salt, 1, 32, 'sha256'));
      } else if (event.kind === 'ready') isReady = true;
      else if (event.kind === 'failed') {
        assert.ok(!isReady);
        seen.push(failureText(event.failure));
      } else if (event.kind === 'close') closes++;
    }
    last = session.takeOutput()?.toString() ?? '';
    output += last;
  };
  session.receive(Buffer.from(`220 mx.test\r\n`));
  pump();
  session.receive(Buffer.from(`250-mx.test\r\n250 AUTH ${offered}\r\n`));
  pump();
  const replies: string[] = [];
  for (const each of texts) {
    if (isReady || closes > 0) break;
    const raw =
      typeof each === 'string'
        ? each
        : `334 ${base64(each.challenge.replace('{nonce}', nonceIn(output)))}\r\n`;
    const text = raw.replace('{sent}', last.trim().slice(0, 400));
    replies.push(text);
    session.receive(Buffer.from(text, 'latin1'));
    pump();
  }
  if (closes === 0 && !isReady) {
    session.disconnected('the peer is gone');
    pump();
  }
  return { isReady, replies, texts: seen, output, closes, phase: session.phase };
}

const some = fc.array(serverText, { maxLength: 20, size: 'max' });

test('a session logs in, or fails without the secret in its words, whatever the server says', () => {
  let [ready, failed] = [0, 0];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(allNames),
      fc.shuffledSubarray(allNames),
      some,
      (names, offered, texts) => {
        const {
          closes,
          isReady,
          output,
          phase,
          replies,
          texts: words,
        } = play(names, offered.join(' '), texts);
        for (const text of words) {
          assert.ok(!text.includes(secret) && !text.includes(base64(secret).slice(0, 20)), text);
        }
        if (isReady) {
          ready++;
          assert.match(replies.at(-1) ?? '', /^235/u);
          assert.doesNotMatch(
            output.split('\r\n').at(-2) ?? '',
            /SCRAM/u,
            'no server here knows the password',
          );
          return;
        }
        failed++;
        assert.deepEqual([closes, phase, words.length], [1, 'closed', 1]);
        // Each mechanism has its command, at most eight responses and a cancel; then QUIT.
        assert.ok(output.split('\r\n').length <= 4 + names.length * 10, output);
      },
    ),
    { numRuns: 3_000 },
  );
  assert.ok(ready > 50 && failed > 500, `${ready} logged in, ${failed} failed`);
});

test('a server that does not know the password is never logged in at by SCRAM', () => {
  let proofs = 0;
  fc.assert(
    fc.property(fc.constantFrom('SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'), some, (name, texts) => {
      const first = { challenge: 'r={nonce}abc,s=QSXCR+Q6sek8bf92,i=4096' };
      const { isReady, output } = play([name], name, [first, ...texts]);
      assert.ok(!isReady);
      // c=, r= and p= in base64.
      if (/\r\nYz1/u.test(output)) proofs++;
    }),
    { numRuns: 2_000 },
  );
  assert.ok(proofs > 1_000, `${proofs} servers got a proof`);
});
