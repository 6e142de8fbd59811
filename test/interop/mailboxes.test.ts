// Mailboxes of a running Sluice, whose senders ask the keys process who has one; and the page docs/mailboxes.md, run word for word.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { destination, send } from './mail.ts';
import { withoutSwaks } from './swaks.ts';

const content = 'Subject: for mailboxes\r\n\r\n.a line with a dot\r\n';

interface Made {
  readonly sluice: Sluice;
  readonly mail: string;
  readonly messages: (path: string) => string[];
}

async function start(
  ground: Ground,
  users: readonly string[],
  config = {},
  mailboxes: Readonly<Record<string, string | number>> = {},
): Promise<Made> {
  const mail = ground.folder('mail');
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'users.jsonl');
  writeFileSync(
    path,
    `${['{"domain":"box.test"}', ...users.map((user) => JSON.stringify({ user }))].join('\n')}\n`,
  );
  const sluice = await startSluice(ground, {
    directory,
    config: {
      receive: { relay_domains: ['box.test'] },
      directory: [{ name: 'staff', kind: 'users', path }],
      mailboxes: { path: join(mail, '${domain}/${user}'), ...mailboxes },
      route: [{ name: 'mailboxes', domain: ['box.test'], mailbox: true }],
      ...config,
    },
  });
  const messages = (user: string): string[] => {
    const folder = join(mail, 'box.test', user, 'new');
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  };
  return { sluice, mail, messages };
}

const kinds = {
  'in processes of its own': ownProcesses,
  'in one process': { processes: { single_process: true } },
};

suite('mailboxes', () => {
  for (const [name, processes] of Object.entries(kinds))
    test(`a Sluice ${name} refuses who is unknown, and delivers to each of its users`, async (t) => {
      const { sluice, messages } = await start(Ground.of(t), ['joe@box.test', 'sue@box.test'], processes);
      const to = ['joe@box.test', 'nobody@box.test', 'Sue+lists@box.test'];
      const replies = await send(sluice.port, { from: 'me@from.test', to, content });
      assert.match(replies[2] ?? '', /^550 5\.1\.1/u);
      assert.match(replies.at(-1) ?? '', /^250/u);
      await sluice.logged('delivered', 2);
      for (const [user, address] of [
        ['joe', 'joe@box.test'],
        ['sue', 'Sue+lists@box.test'],
      ] as const) {
        const [message = '', ...more] = messages(user);
        assert.deepEqual(more, []);
        assert.ok(
          message.startsWith(`Return-Path: <me@from.test>\nDelivered-To: ${address}\nReceived: `),
          message,
        );
        assert.ok(
          message.endsWith('\n\n.a line with a dot\n') && message.includes('\nSubject: for mailboxes\n'),
        );
      }
      assert.match(
        await sluice.cli('explain', 'joe@box.test'),
        /is delivered into the mailbox .*\/\$\{user\}[^]*^Mailbox +of joe@box\.test: .*\/joe$/mu,
      );
    });

  test('mail for a postmaster who is no user, which is always accepted, goes back', async (t) => {
    const ground = Ground.of(t);
    const reports = await destination(ground);
    const { sluice } = await start(ground, ['joe@box.test'], {
      route: [
        { name: 'mailboxes', domain: ['box.test'], mailbox: true },
        { domain: ['from.test'], relay: [`127.0.0.1:${reports.port}`] },
      ],
    });
    await send(sluice.port, { from: 'me@from.test', to: ['postmaster@box.test'], content });
    await until('the report arrives', () => reports.messages.length > 0);
    assert.match(
      String(reports.messages[0]?.content),
      /^Final-Recipient: rfc822; postmaster@box\.test\r\nAction: failed\r\nStatus: 5\.1\.1/mu,
    );
  });

  for (const [name, processes] of Object.entries(kinds))
    test(`a Sluice ${name} refuses mail for a full mailbox at RCPT, until there is room`, async (t) => {
      const made = await start(Ground.of(t), ['joe@box.test', 'sue@box.test'], processes, {
        quota_messages: 1,
        quota_warning: 0,
      });
      const { sluice, mail, messages } = made;
      const to = ['joe@box.test'];
      const mailTo = (): Promise<string[]> => send(sluice.port, { from: 'me@from.test', to, content });
      await mailTo();
      await sluice.logged('delivered');
      await mailTo();
      await sluice.logged(
        ({ event, reply }) => event === 'deferred' && /4\.2\.2 the mailbox is full/u.test(String(reply)),
      );
      await until('RCPT is refused', async () => (await mailTo())[1]?.startsWith('452 4.2.2') === true);
      assert.match(
        (await send(sluice.port, { from: 'me@from.test', to: ['sue@box.test'], content })).at(-1) ?? '',
        /^250/u,
      );
      await sluice.shows(/overQuota/u, 'status');
      assert.equal(messages('joe').length, 1);
      for (const part of ['new', 'maildirsize'])
        rmSync(join(mail, 'box.test/joe', part), { recursive: true });
      mkdirSync(join(mail, 'box.test/joe/new'));
      await sluice.cli('queue', 'retry', '--all');
      await until('what waited is delivered', () => messages('joe').length > 0);
      rmSync(join(mail, 'box.test/joe/maildirsize'), { force: true });
      for (const each of readdirSync(join(mail, 'box.test/joe/new')))
        rmSync(join(mail, 'box.test/joe/new', each));
      await until('RCPT is accepted', async () => (await mailTo())[1]?.startsWith('250') === true);
    });

  const withoutPage = withoutSwaks() || withoutNetwork();
  test('the commands of the page print what it says', { skip: withoutPage }, async (t) => {
    await runPage(Ground.of(t), {
      file: 'docs/mailboxes.md',
      files: { toml: 'sluice.toml' },
      input: 'a long password',
    });
  });
});
