// Forwards, aliases and automatic answers of a running Sluice: commands change files, RCPT and delivery follow them, and mail goes on to servers
// elsewhere and to mailboxes here.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

const content = 'To: joe@box.test\r\nSubject: hello\r\nMessage-ID: <1@from.test>\r\n\r\nHi\r\n';

async function start(ground: Ground, config = {}) {
  const mail = ground.folder('mail');
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const users = join(directory, 'users.jsonl');
  const aliases = join(directory, 'aliases');
  writeFileSync(
    users,
    '{"domain":"box.test"}\n{"user":"joe@box.test"}\n{"user":"sue@box.test"}\n{"user":"owner-staff@box.test"}\n',
  );
  writeFileSync(aliases, '# ours\nstaff@box.test: joe,\n  sue, far@out.test\n');
  const outside = await destination(ground);
  const sluice = await startSluice(ground, {
    directory,
    config: {
      receive: { relay_domains: ['box.test', 'old.test'] },
      directory: [{ name: 'staff', kind: 'users', path: users }],
      table: [{ name: 'aliases', kind: 'aliases', path: aliases }],
      mailboxes: { path: join(mail, '${domain}/${user}'), aliases: 'aliases' },
      route: [
        { name: 'mailboxes', domain: ['box.test', 'old.test'], mailbox: true },
        { domain: ['out.test', 'from.test'], relay: [`127.0.0.1:${outside.port}`] },
      ],
      ...config,
    },
  });
  const messages = (user: string): string[] => {
    const folder = join(mail, 'box.test', user, 'new');
    return existsSync(folder)
      ? readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
      : [];
  };
  return { sluice, outside, messages, aliases };
}

const kinds = {
  'in processes of its own': ownProcesses,
  'in one process': { processes: { single_process: true } },
};

/** Undefined while it is being started again. */
function managerOf(sluice: Sluice): number | undefined {
  try {
    return sluice.pidOf('manager');
  } catch {
    return undefined;
  }
}

suite('forwards and aliases', () => {
  for (const [name, processes] of Object.entries(kinds))
    test(`a Sluice ${name} sends mail for an alias on, from its owner, and each message once`, async (t) => {
      const { sluice, outside, messages } = await start(Ground.of(t), processes);
      const to = ['staff@box.test', 'nobody@box.test'];
      const replies = await send(sluice.port, { from: 'me@from.test', to, content });
      assert.match(replies[2] ?? '', /^550 5\.1\.1/u);
      await until(
        'all have it',
        () => messages('joe').length + messages('sue').length + outside.messages.length === 3,
      );
      assert.equal(outside.messages[0]?.sender, 'owner-staff@box.test');
      assert.match(
        messages('joe')[0] ?? '',
        /^Return-Path: <owner-staff@box\.test>\nDelivered-To: joe@box\.test\nDelivered-To: staff@box\.test\nReceived: /u,
      );
      const [first, second] = await sluice.logged('received', 2);
      assert.equal(second?.['about'], first?.['id']);
    });

  test('commands add aliases, also of a domain without mailboxes, and remove them', async (t) => {
    const { sluice, outside, aliases } = await start(Ground.of(t));
    const rcpt = async (to: string) =>
      (await send(sluice.port, { from: 'me@from.test', to: [to], content }))[1] ?? '';
    assert.match(await rcpt('info@old.test'), /^550 5\.1\.1/u);
    assert.equal(
      await sluice.cli('alias', 'add', 'Info@old.test', 'far@out.test', 'joe@box.test'),
      'info@old.test: far@out.test, joe@box.test\n',
    );
    await sluice.cli('alias', 'remove', 'info@old.test', 'joe@box.test');
    assert.equal(await sluice.cli('alias', 'show', 'info@old.test'), 'info@old.test: far@out.test\n');
    assert.equal(
      await sluice.cli('alias', 'test', 'staff@box.test'),
      'joe@box.test  (from owner-staff@box.test)\nsue@box.test  (from owner-staff@box.test)\nfar@out.test  (from owner-staff@box.test)\n',
    );
    assert.equal(
      await sluice.cli('alias', 'list'),
      'staff@box.test: joe,  sue, far@out.test\ninfo@old.test: far@out.test\n',
    );
    await until('it is accepted', async () => (await rcpt('info@old.test')).startsWith('250'));
    await until('it has arrived', () => outside.messages.length > 0);
    assert.deepEqual(outside.messages[0]?.recipients, ['far@out.test']);
    await sluice.cli('alias', 'remove', 'info@old.test');
    assert.equal(readFileSync(aliases, 'utf8'), '# ours\nstaff@box.test: joe,\n  sue, far@out.test\n');
    await until('it is refused', async () => (await rcpt('info@old.test')).startsWith('550'));
  });

  test('a user has mail forwarded and answered, and reports go to the sender', async (t) => {
    const { sluice, outside, messages } = await start(Ground.of(t));
    await sluice.cli('forward', 'set', 'joe@box.test', 'far@out.test', '--keep-copy');
    await sluice.cli('autoreply', 'set', 'joe@box.test', '--text', 'I am away.', '--until', '2999-12-31');
    assert.equal(
      await sluice.cli('forward', 'list'),
      'joe@box.test is forwarded to far@out.test, and kept\n',
    );
    assert.match(await sluice.cli('user', 'show', 'joe@box.test'), /^forward {5}far@out\.test$/mu);
    // The change is in force some seconds later.
    await until('a message went on', async () => {
      await send(sluice.port, { from: 'me@from.test', to: ['joe@box.test'], content });
      return outside.messages.length >= 2;
    });
    const forwarded = outside.messages.find(({ recipients }) => recipients.includes('far@out.test'));
    assert.equal(forwarded?.sender, 'me@from.test');
    assert.match(String(forwarded?.content), /^Delivered-To: joe@box\.test\r\nReceived: /u);
    await until('the answer is there', () => outside.messages.some(({ sender }) => sender === ''));
    const answers = outside.messages.filter(({ sender }) => sender === '');
    assert.equal(answers.length, 1);
    assert.deepEqual(answers[0]?.recipients, ['me@from.test']);
    assert.match(String(answers[0]?.content), /^Auto-Submitted: auto-replied\r$/mu);
    assert.ok(messages('joe').length > 0);
    await sluice.cli('forward', 'remove', 'joe@box.test');
    await sluice.cli('autoreply', 'remove', 'joe@box.test');
    assert.match(await sluice.cli('forward', 'list'), /^$/u);
  });

  test('a manager that is killed while mail goes on loses none of it', async (t) => {
    const { sluice, outside } = await start(Ground.of(t), ownProcesses);
    await sluice.cli('alias', 'add', 'many@box.test', 'far@out.test');
    await until(
      'the alias is known',
      async () =>
        (await send(sluice.port, { from: 'me@from.test', to: ['many@box.test'], content }))[1]?.startsWith(
          '250',
        ) === true,
    );
    await until('one has arrived', () => outside.messages.length > 0);
    const subjects = Array.from({ length: 60 }, (_, at) => `number ${at}.`);
    for (const [at, subject] of subjects.entries()) {
      await send(sluice.port, {
        from: 'me@from.test',
        to: ['many@box.test'],
        content: `Subject: ${subject}\r\n\r\nx\r\n`,
      });
      if (at % 20 === 10) process.kill(await until('a manager runs', () => managerOf(sluice)), 'SIGKILL');
    }
    const arrived = (): ReadonlySet<string> =>
      new Set(
        outside.messages.map((each) => /^Subject: (number .*)\r$/mu.exec(String(each.content))?.[1] ?? ''),
      );
    await until('all have arrived', () => subjects.every((subject) => arrived().has(subject)), 120_000);
  });

  const withoutPage = withoutSwaks() || withoutNetwork();
  test('the commands of the page print what it says', { skip: withoutPage }, async (t) => {
    await runPage(Ground.of(t), {
      file: 'docs/aliases-and-forwarding.md',
      files: { toml: 'sluice.toml' },
      input: 'a long password',
    });
  });

  test('two users who forward to each other are a loop, which returns', async (t) => {
    const { sluice, outside } = await start(Ground.of(t));
    await sluice.cli('forward', 'set', 'joe@box.test', 'sue@box.test');
    await sluice.cli('forward', 'set', 'sue@box.test', 'joe@box.test');
    await until('a message has come back', async () => {
      await send(sluice.port, { from: 'me@from.test', to: ['joe@box.test'], content });
      return outside.messages.length > 0;
    });
    assert.match(String(outside.messages[0]?.content), /^Status: 5\.4\.6\r$/mu);
  });
});
