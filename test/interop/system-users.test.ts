// Users of the system who get mail from a running Sluice, which root has started: its processes have another user, and the supervisor alone
// becomes those whose mail it is. The users stand in a passwd file that only this Sluice sees.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';

const content = 'Subject: for users\r\n\r\n.a line with a dot\r\n';
const withoutRoot = process.getuid?.() === 0 ? false : 'only root can become other users';
const firstUid = 54_321;

interface Made {
  readonly sluice: Sluice;
  readonly homes: string;
  readonly file: (user: string, name: string, text: string, mode?: number) => string;
  readonly messages: (user: string, folder?: string) => string[];
}

async function start(
  ground: Ground,
  users: readonly string[],
  config: SluiceConfig = {},
  prepare: (made: Omit<Made, 'sluice'>) => void = () => undefined,
): Promise<Made> {
  const homes = ground.folder('homes');
  chmodSync(homes, 0o755);
  const idOf = (user: string): number => firstUid + users.indexOf(user);
  const lines = users.map((user) => {
    const home = join(homes, user);
    mkdirSync(home, { mode: 0o755 });
    chownSync(home, idOf(user), idOf(user));
    return `${user}:x:${idOf(user)}:${idOf(user)}::${home}:/bin/sh\n`;
  });
  const passwd = join(ground.folder('etc'), 'passwd');
  writeFileSync(passwd, readFileSync('/etc/passwd', 'utf8') + lines.join(''), { mode: 0o644 });
  const made = {
    homes,
    file: (user: string, name: string, text: string, mode = 0o600) => {
      const path = join(homes, user, name);
      writeFileSync(path, text);
      chownSync(path, idOf(user), idOf(user));
      chmodSync(path, mode);
      return path;
    },
    messages: (user: string, folder = 'Maildir') => {
      const path = join(homes, user, folder, 'new');
      return readdirSync(path).map((name) => readFileSync(join(path, name), 'utf8'));
    },
  };
  prepare(made);
  const directory = ground.folder('sluice');
  // For the socket of whoever the processes run as.
  chmodSync(directory, 0o1777);
  const sluice = await startSluice(ground, {
    directory,
    under: ['unshare', '-m', 'sh', '-c', `mount --bind ${passwd} /etc/passwd && exec "$@"`, 'sh'],
    config: {
      receive: { relay_domains: ['here.test'] },
      queue: { retry: ['1s'] },
      route: [{ name: 'users', domain: ['here.test'], local: true }],
      ...config,
    },
  });
  return { sluice, ...made };
}

function delivered(sluice: Sluice): number {
  return sluice.events().filter(({ event }) => event === 'delivered').length;
}

const kinds: Readonly<Record<string, SluiceConfig>> = {
  'whose processes have a user of their own': { ...ownProcesses, user: 'nobody' },
  'in one process of root': { processes: { single_process: true } },
};

suite('users of the system', { skip: withoutRoot }, () => {
  for (const [name, config] of Object.entries(kinds))
    test(`a Sluice ${name} refuses who is unknown, and delivers as each user`, async (t) => {
      const { sluice, messages, homes } = await start(Ground.of(t), ['joe', 'sue'], config, ({ file }) => {
        file('sue', '.qmail', '| id -u > ran\n./mail/\n');
        file('sue', '.qmail-lists-default', './lists\n');
      });
      const to = ['joe@here.test', 'unknown@here.test', 'sue@here.test', 'Sue-Lists-x@here.test'];
      const replies = await send(sluice.port, { from: 'me@from.test', to, content });
      assert.match(replies[2] ?? '', /^550 5\.1\.1/u, replies.join('\n'));
      assert.match(replies.at(-1) ?? '', /^250/u);
      await until('all have their mail', () => delivered(sluice) === 3);
      const body = /\nSubject: for users\n(?:.+\n)+\n\.a line with a dot\n$/u;
      for (const [user, folder] of [
        ['joe', 'Maildir'],
        ['sue', 'mail'],
      ] as const) {
        const [text = '', ...others] = messages(user, folder);
        assert.deepEqual(others, []);
        assert.match(
          text,
          new RegExp(`^Return-Path: <me@from.test>\nDelivered-To: ${user}@here.test\nReceived: `, 'u'),
        );
        assert.match(text, body);
      }
      const mbox = readFileSync(join(homes, 'sue', 'lists'), 'utf8');
      assert.match(
        mbox,
        /^From me@from\.test .*\nReturn-Path: <me@from\.test>\nDelivered-To: Sue-Lists-x@here\.test\n/u,
      );
      assert.equal(readFileSync(join(homes, 'sue', 'ran'), 'utf8'), `${firstUid + 1}\n`);
      assert.equal(statSync(join(homes, 'joe', 'Maildir', 'new')).uid, firstUid);
    });

  test('mail that finds the places of its user taken for long comes again in seconds, as if it had not been tried', async (t) => {
    const { sluice, homes, messages } = await start(
      Ground.of(t),
      ['joe'],
      { local: { per_user: 1 } },
      ({ file }) => file('joe', '.qmail', '| until test -e go; do sleep 0.1; done\n./Maildir/\n'),
    );
    for (let sent = 0; sent < 4; sent++)
      await send(sluice.port, { from: 'me@from.test', to: ['joe@here.test'], content });
    const deferred = (): readonly unknown[] => sluice.events().filter(({ event }) => event === 'deferred');
    await until('the others have been put off', () => deferred().length === 3);
    assert.match(JSON.stringify(deferred()[0]), /it waits for its turn: 1 deliveries to joe are under way/u);
    writeFileSync(join(homes, 'joe', 'go'), '');
    // By the retry schedule, it would be minutes.
    await until('all have their mail', () => delivered(sluice) === 4);
    assert.equal(messages('joe').length, 4);
  });

  test('forwards of a user are new messages, with the sender that the files say', async (t) => {
    const { sluice, messages } = await start(Ground.of(t), ['joe', 'sue'], {}, ({ file }) => {
      file('joe', '.qmail-list', '&sue@here.test\n');
      file('joe', '.qmail-list-owner', './Maildir/\n');
    });
    await send(sluice.port, { from: 'me@from.test', to: ['joe-list@here.test'], content });
    await until('it has gone on', () => delivered(sluice) === 2);
    const [text = ''] = messages('sue');
    assert.match(
      text,
      /^Return-Path: <joe-list-owner@here\.test>\nDelivered-To: sue@here\.test\nDelivered-To: joe-list@here\.test\n/u,
    );
  });

  test('an alias comes before users, and explain tells of it', async (t) => {
    const ground = Ground.of(t);
    const aliases = join(ground.folder('etc'), 'aliases');
    mkdirSync(dirname(aliases), { recursive: true });
    writeFileSync(aliases, 'team: joe, sue\njoe: \\joe\n', { mode: 0o644 });
    const { sluice, messages } = await start(ground, ['joe', 'sue'], { local: { aliases: [aliases] } });
    assert.match(
      await sluice.cli('explain', 'team@here.test'),
      /^Alias +team: sue@here\.test, joe@here\.test$/mu,
    );
    await send(sluice.port, { from: 'me@from.test', to: ['team@here.test'], content });
    await until('both have it', () => delivered(sluice) === 3);
    for (const user of ['joe', 'sue'])
      assert.match(
        messages(user).join(''),
        new RegExp(
          `^Return-Path: <me@from.test>\nX-Original-To: team@here.test\nDelivered-To: ${user}@here.test\n`,
          'u',
        ),
      );
  });

  test('mail waits while the user changes the file, and is delivered afterwards', async (t) => {
    const { sluice, messages, homes } = await start(Ground.of(t), ['joe'], {}, ({ homes: all }) =>
      chmodSync(join(all, 'joe'), 0o1755),
    );
    await send(sluice.port, { from: 'me@from.test', to: ['joe@here.test'], content });
    await until('it waits', () =>
      sluice.events().some(({ event, reply }) => event === 'deferred' && String(reply).includes('sticky')),
    );
    chmodSync(join(homes, 'joe'), 0o755);
    await until('it is delivered', () => delivered(sluice) === 1);
    assert.equal(messages('joe').length, 1);
  });
});
