// Quotas of domains and tenants with Sluice as a program: exact over several sender processes, refused at RCPT and given back by commands.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

const content = 'Subject: for mailboxes\r\n\r\nhello\r\n';

interface Made {
  readonly sluice: Sluice;
  readonly count: () => number;
  readonly mail: string;
}

async function start(ground: Ground, config: object): Promise<Made> {
  const mail = ground.folder('mail');
  const directory = ground.folder('sluice');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'users.jsonl');
  const users = ['joe', 'sue', 'ann', 'jim'].map((name) => JSON.stringify({ user: `${name}@box.test` }));
  writeFileSync(path, `${['{"domain":"box.test"}', ...users].join('\n')}\n`);
  const sluice = await startSluice(ground, {
    directory,
    config: {
      receive: { relay_domains: ['box.test'] },
      directory: [{ name: 'staff', kind: 'users', path }],
      mailboxes: { path: join(mail, '${domain}/${user}'), domain_quota_messages: 5 },
      route: [{ name: 'mailboxes', domain: ['box.test'], mailbox: true }],
      ...config,
    },
  });
  const count = (): number => {
    const folders = readdirSync(join(mail, 'box.test')).map((user) => join(mail, 'box.test', user, 'new'));
    return folders
      .filter((each) => existsSync(each))
      .reduce((sum, each) => sum + readdirSync(each).length, 0);
  };
  return { sluice, count, mail };
}

const kinds = {
  'three sender processes': { processes: { ...ownProcesses.processes, senders: 3 } },
  'one process': { processes: { single_process: true } },
};

suite('quotas that mailboxes share', () => {
  test(
    'the commands of the page print what it says',
    { skip: withoutSwaks() || withoutNetwork() },
    async (t) => {
      await runPage(Ground.of(t), {
        file: 'docs/quotas.md',
        part: 'Try it',
        files: { toml: 'sluice.toml' },
        input: 'a long password',
      });
    },
  );

  for (const [name, processes] of Object.entries(kinds))
    test(`a domain has no more mail than its quota says, in ${name}`, async (t) => {
      const { sluice, count, mail } = await start(Ground.of(t), processes);
      const sendTo = (user: string): Promise<string[]> =>
        send(sluice.port, { from: 'me@from.test', to: [`${user}@box.test`], content });
      // Mail is delivered beside the first count, and the rest comes when that has ended.
      await sendTo('joe');
      await until('the first is there', () => sluice.events().some(({ event }) => event === 'delivered'));
      const log = join(mail, '.usage/domain=box.test.1');
      await until('it was counted', () => readFileSync(log, 'utf8').includes('\ncounted '));
      await Promise.all(
        Array.from({ length: 12 }, (_, at) => sendTo(['joe', 'sue', 'ann', 'jim'][at % 4] ?? '')),
      );
      const ended = (): number =>
        sluice.events().filter(({ event }) => event === 'delivered' || event === 'deferred').length;
      await until('all that was accepted has been tried', () => ended() >= count() + 1 && count() === 5);
      const full = sluice.events().find(({ event }) => event === 'deferred');
      assert.match(
        String(full?.reply),
        /452 4\.2\.2 the mailboxes of the domain box\.test are full: \d messages of 5 messages/u,
      );
      await until(
        'RCPT is refused for all users',
        async () =>
          (await sendTo('sue'))[1]?.startsWith('452 4.2.2 The mailboxes of this domain are full') === true,
      );
      assert.match(await sluice.cli('quota', 'list'), /^domain box\.test +100 %/mu);
      const [user = ''] = readdirSync(join(mail, 'box.test'));
      await sluice.cli('mailbox', 'remove', `${user}@box.test`, '--yes');
      await sluice.cli('queue', 'retry', '--all');
      await until('what waited has room', () => count() === 5);
      assert.match(await sluice.cli('quota', 'recount', 'box.test'), /^domain box\.test +100 %/mu);
    });
});
