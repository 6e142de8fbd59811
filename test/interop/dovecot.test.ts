// LMTP into Dovecot: each recipient has the outcome that its mailbox tells.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Dovecot, makeDovecot, withoutDovecot } from '../../sim/neighbours/dovecot.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const content = 'Subject: for mailboxes\r\n\r\n.a line with a dot\r\nmore than ten bytes\r\n';

/** How Sluice reaches Dovecot. */
const ways: Readonly<Record<string, (dovecot: Dovecot) => string>> = {
  'a Unix-domain socket': ({ socket }) => `unix:${socket}`,
  TCP: ({ port }) => `127.0.0.1:${port}`,
};

suite('Dovecot', { skip: withoutDovecot() }, () => {
  for (const [name, serverOf] of Object.entries(ways)) {
    test(`over ${name}: of several recipients, one over quota and one unknown are reported, once`, async (t) => {
      const ground = Ground.of(t);
      const dovecot = await makeDovecot(ground, {
        mailboxes: { 'a@box.test': undefined, 'b@box.test': undefined, 'full@box.test': 10 },
      });
      await dovecot.start();
      const sender = await destination(ground);
      const sluice = await startSluice(ground, {
        config: {
          route: [
            { name: 'mailboxes', domain: ['box.test'], lmtp: [serverOf(dovecot)] },
            { domain: ['from.test'], relay: [`127.0.0.1:${sender.port}`] },
          ],
        },
      });
      const to = ['a@box.test', 'full@box.test', 'nobody@box.test', 'b@box.test'];
      const replies = await send(sluice.port, { from: 'me@from.test', to, content });
      assert.match(replies.at(-1)!, /^250/u);
      await until('the report arrives', () => sender.messages.length > 0);
      // The report is itself delivered after it.
      await sluice.logged(({ event }) => event === 'delivered' || event === 'bounced', 5);

      for (const user of ['a', 'b']) {
        const [mail, ...more] = dovecot.mail(`${user}@box.test`);
        assert.deepEqual(more, []);
        assert.ok(mail!.includes('Subject: for mailboxes'));
        assert.ok(mail!.replaceAll('\r\n', '\n').endsWith('\n\n.a line with a dot\nmore than ten bytes\n'));
      }
      assert.deepEqual(dovecot.mail('full@box.test'), []);

      const [report, ...others] = sender.messages;
      assert.deepEqual(others, []);
      const text = report!.content.toString();
      assert.equal(report!.sender, '');
      assert.deepEqual(
        [...text.matchAll(/^Final-Recipient: rfc822; (.*)\r\nAction: (.*)\r\nStatus: (.*)\r$/gmu)].map(
          ([, ...fields]) => fields,
        ),
        [
          ['full@box.test', 'failed', '5.2.2'],
          ['nobody@box.test', 'failed', '5.1.1'],
        ],
      );
      assert.match(text, /^Diagnostic-Code: smtp; 552 5\.2\.2 .*Quota exceeded/mu);
      assert.match(
        await sluice.cli('explain', 'a@box.test'),
        /^Route {6}LMTP to .* \(\[\[route\]\] mailboxes\)$/mu,
      );
      assert.equal(dovecot.connections(), 1);
    });
  }

  test('mail for a mailbox that is full for now waits, and the other recipients have theirs', async (t) => {
    const ground = Ground.of(t);
    const dovecot = await makeDovecot(ground, {
      mailboxes: { 'a@box.test': undefined, 'full@box.test': 10 },
      fullIsTemporary: true,
    });
    await dovecot.start();
    const sluice = await startSluice(ground, { config: { route: [{ lmtp: [`unix:${dovecot.socket}`] }] } });
    await send(sluice.port, { from: 'me@from.test', to: ['full@box.test', 'a@box.test'], content });
    await sluice.logged('deferred');
    await until('the one has its mail', () => dovecot.mail('a@box.test').length === 1);
    assert.match(await sluice.cli('queue', 'list'), /full@box\.test.*452 4\.2\.2/u);
  });

  test('mail waits while Dovecot is stopped, without an attempt, and goes when it is there again', async (t) => {
    const ground = Ground.of(t);
    const dovecot = await makeDovecot(ground, { mailboxes: { 'a@box.test': undefined } });
    const sluice = await startSluice(ground, {
      config: { deliver: { source_rest: '1s' }, route: [{ lmtp: [`unix:${dovecot.socket}`] }] },
    });
    await send(sluice.port, { from: 'me@from.test', to: ['a@box.test'], content });
    const inTheWay = /unix:\S+ rests until .*there is no such socket; start the server, or correct the path/u;
    await until('explain says why', async () => inTheWay.test(await sluice.cli('explain', 'a@box.test')));
    assert.match(await sluice.cli('queue', 'list'), /a@box\.test/u);
    await dovecot.start();
    await until('the mail arrives', () => dovecot.mail('a@box.test').length > 0);
    await sluice.logged('delivered');
    assert.ok(!(await sluice.whole()).some(({ event }) => event === 'deferred'), 'no attempt failed');
  });
});
