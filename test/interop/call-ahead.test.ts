// Dovecot and Postfix are asked which recipients exist.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeDovecot, withoutDovecot } from '../../sim/neighbours/dovecot.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';
const accepted = /^(?:250|354)/u;
const unknown = /^550 5\.1\.1 No such mailbox here/u;
const cannotTell = /^451 4\.3\.0 Recipients cannot be checked now/u;

async function answer(sluice: Sluice, to: string): Promise<string> {
  const replies = await send(sluice.port, { from: 'a@b.example', to: [to], content });
  return replies.find((reply) => !/^(?:220|250)/u.test(reply)) ?? replies.at(-1) ?? '';
}

suite('Dovecot', { skip: withoutDovecot() }, () => {
  test('by LMTP: mailboxes that are there, unknown, or full; and while Dovecot is away', async (t) => {
    const ground = Ground.of(t);
    const dovecot = await makeDovecot(ground, {
      mailboxes: { 'a@box.test': undefined, 'b@box.test': undefined, 'full@box.test': 1 },
    });
    const program = await dovecot.start();
    const sluice = await startSluice(ground, {
      config: {
        processes: { receivers: 1 },
        recipients: [
          {
            domain: ['box.test'],
            'call_ahead.lmtp': [`unix:${dovecot.socket}`],
            'call_ahead.cache_time': '0s',
            'call_ahead.unknown_cache_time': '0s',
          },
        ],
        deliver: { max_connections: 0 },
      },
    });
    for (const [to, expected] of [
      ['a@box.test', accepted],
      ['A@Box.test', accepted],
      ['nobody@box.test', unknown],
      ['a@box.test', accepted],
    ] as const) {
      assert.match(await answer(sluice, to), expected, to);
    }
    assert.equal(dovecot.connections(), 1);
    assert.deepEqual(dovecot.mail('a@box.test'), []);
    await program.stop('SIGTERM');
    assert.match(await answer(sluice, 'a@box.test'), accepted);
    assert.match(await answer(sluice, 'b@box.test'), cannotTell);
    assert.match(await answer(sluice, 'nobody@box.test'), cannotTell);
    await sluice.shows(/Recipients cannot be asked for: unix:/u, 'status');
    await dovecot.start();
    await until('Dovecot is asked again', async () => accepted.test(await answer(sluice, 'b@box.test')));
    await until(
      'the trouble is over',
      async () => !(await sluice.cli('status')).includes('cannot be asked for'),
    );
  });
});

suite('Postfix', { skip: withoutPostfix() }, () => {
  test('by SMTP: many unknown recipients do not make it slow us down, and what it refuses of us makes none unknown', async (t) => {
    const ground = Ground.of(t);
    const postfix = await startPostfix(ground, 'mailboxes', {
      main: {
        virtual_mailbox_domains: 'box.test',
        virtual_mailbox_maps: 'inline:{ a@box.test=a, b@box.test=b }',
        smtpd_relay_restrictions: 'reject_unauth_destination',
        smtpd_soft_error_limit: '6',
        smtpd_hard_error_limit: '8',
      },
    });
    const sluice = await startSluice(ground, {
      config: {
        processes: { receivers: 1 },
        receive: { unknown_recipients_free: 1000, max_errors: 1000 },
        recipients: [
          { domain: ['box.test', 'elsewhere.test'], 'call_ahead.smtp': [`127.0.0.1:${postfix.port}`] },
        ],
        deliver: { max_connections: 0 },
      },
    });
    assert.match(await answer(sluice, 'a@box.test'), accepted);
    for (let at = 0; at < 20; at++) assert.match(await answer(sluice, `u${at}@box.test`), unknown);
    assert.match(await answer(sluice, 'b@box.test'), accepted);
    assert.doesNotMatch(postfix.log(), /too many errors/u);
    // "554 5.7.1 Relay access denied" is about us.
    assert.match(await answer(sluice, 'x@elsewhere.test'), cannotTell);
    await sluice.shows(/Relay access denied/u, 'status');
    assert.match(await answer(sluice, 'a@box.test'), accepted);
    assert.deepEqual(postfix.queued(), []);
  });
});
