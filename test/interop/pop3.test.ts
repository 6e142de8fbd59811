// POP3 of a running Sluice with real clients: Python's poplib, curl, fetchmail, mpop and getmail fetch what was delivered.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { accessSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

const script = join(import.meta.dirname, 'pop3/session.py');
const user = 'joe@box.test';
const password = ' two  words ';
const texts = [
  'Subject: one\r\n\r\n.a line with a dot\r\n..\r\n\r\nend\r\n',
  'Subject: two\r\n\r\n',
  'Subject: three\r\n\r\nlast\r\n',
];

/** Why a test cannot run, or false. */
function withoutProgram(program: string, debian = program): string | false {
  try {
    accessSync(`/usr/bin/${program}`);
    return false;
  } catch {
    return `${program} is not installed (Debian: ${debian})`;
  }
}

interface Made {
  readonly sluice: Sluice;
  readonly clear: number;
  readonly tls: number;
  /** Names of the messages that are in the mailbox. */
  readonly stored: () => string[];
}

/** A Sluice with three messages for one user. */
async function start(ground: Ground, config: SluiceConfig = {}, secret = password): Promise<Made> {
  const mail = ground.folder('mail');
  const directory = ground.folder('sluice');
  const path = join(directory, 'users.jsonl');
  const record = { user, password: `{PLAIN}${secret}` };
  writeFileSync(path, `{"domain":"box.test"}\n${JSON.stringify(record)}\n`);
  const [smtp, clear, tls] = [await freePort(), await freePort(), await freePort()];
  const sluice = await startSluice(ground, {
    directory,
    port: smtp,
    config: {
      listen: [
        { address: `127.0.0.1:${smtp}` },
        { address: `127.0.0.1:${clear}`, protocol: 'pop3' },
        { address: `127.0.0.1:${tls}`, protocol: 'pop3', tls: 'implicit' },
      ],
      receive: { relay_domains: ['box.test'] },
      directory: [{ name: 'staff', kind: 'users', path }],
      login: { mechanisms_in_clear: ['PLAIN'] },
      mailboxes: { path: join(mail, '${domain}/${user}') },
      queue: { retry: ['1s'] },
      route: [{ name: 'mailboxes', domain: ['box.test'], mailbox: true }],
      ...config,
    },
  });
  for (const content of texts) {
    const replies = await send(sluice.port, { from: 'me@from.test', to: [user], content });
    assert.match(replies.at(-1) ?? '', /^250/u);
    const count = texts.indexOf(content) + 1;
    await until(
      'it is delivered',
      () => sluice.events().filter(({ event }) => event === 'delivered').length === count,
    );
  }
  const stored = (): string[] =>
    ['new', 'cur'].flatMap((part) =>
      readdirSync(join(mail, 'box.test/joe', part)).map((name) => `${part}/${name}`),
    );
  return { sluice, clear, tls, stored };
}

interface Told {
  readonly before: Readonly<Record<string, readonly string[]>>;
  readonly after: Readonly<Record<string, readonly string[]>>;
  readonly stat: readonly [number, number];
  readonly list: readonly string[];
  readonly uidl: readonly string[];
  readonly messages: readonly (readonly string[])[];
  readonly octets: readonly number[];
  readonly top: readonly string[];
  readonly quit: string;
}

async function fetched(
  ground: Ground,
  port: number,
  place: 'tls' | 'stls' | 'clear',
  ...deleted: number[]
): Promise<Told> {
  const args = [script, String(port), place, user, password, ...deleted.map(String)];
  return JSON.parse(await ground.run('python3', args)) as Told;
}

const kinds = {
  'in processes of its own': ownProcesses,
  'in one process': { processes: { single_process: true } },
};

suite('POP3', () => {
  for (const [name, processes] of Object.entries(kinds))
    test(`poplib fetches from a Sluice ${name}: in clear, by STLS and by TLS from the first byte on`, async (t) => {
      const ground = Ground.of(t);
      const { sluice, clear, tls, stored } = await start(ground, processes);
      const first = await fetched(ground, clear, 'clear');
      assert.equal(first.stat[0], 3);
      assert.deepEqual(
        first.list,
        first.octets.map((octets, index) => `${index + 1} ${octets}`),
      );
      assert.equal(
        first.stat[1],
        first.octets.reduce((sum, octets) => sum + octets),
      );
      assert.deepEqual(first.messages[0]?.slice(-5), ['', '.a line with a dot', '..', '', 'end']);
      assert.ok(first.top.includes('Subject: one') && first.top.at(-1) === '');
      assert.ok('STLS' in first.before && !('STLS' in first.after));
      assert.equal(stored().filter((each) => /^cur\/.*:2,S$/u.test(each)).length, 3);

      const second = await fetched(ground, clear, 'stls', 2);
      assert.deepEqual([second.uidl, second.messages], [first.uidl, first.messages]);
      assert.ok(!('STLS' in second.before));
      const third = await fetched(ground, tls, 'tls', 1, 2);
      const uids = first.uidl.map((line) => line.split(' ')[1]);
      assert.deepEqual(third.uidl, [`1 ${uids[0]}`, `2 ${uids[2]}`]);
      assert.deepEqual(stored(), []);
      const sessions = await until('the sessions are logged', () => {
        const logged = sluice.events().filter(({ event }) => event === 'pop3Session');
        return logged.length >= 3 && logged;
      });
      assert.deepEqual(
        sessions.map(({ login, messages, retrieved, deleted }) => ({ login, messages, retrieved, deleted })),
        [
          { login: user, messages: 3, retrieved: 3, deleted: 0 },
          { login: user, messages: 3, retrieved: 3, deleted: 1 },
          { login: user, messages: 2, retrieved: 2, deleted: 2 },
        ],
      );
      const counted = /POP3 +3 authenticated, 0 authenticationFailed, 3 pop3Session/u;
      await until('the sessions are counted', async () => counted.test(await sluice.cli('status')));
    });
});

/** Not every client can be told a password with spaces at its ends. */
const plain = 'two words';

suite('POP3 with clients', () => {
  test('curl lists, fetches and deletes, under TLS', { skip: withoutProgram('curl') }, async (t) => {
    const ground = Ground.of(t);
    const { clear, tls, stored } = await start(ground, {}, plain);
    const curl = (...args: string[]): Promise<string> =>
      ground.run('curl', [
        '--silent',
        '--show-error',
        '--insecure',
        '--max-time',
        '20',
        '--user',
        `${user}:${plain}`,
        ...args,
      ]);
    assert.match(await curl(`pop3s://127.0.0.1:${tls}/`), /^1 \d+\r\n2 \d+\r\n3 \d+\r\n$/u);
    assert.match(
      await curl('--ssl-reqd', `pop3://127.0.0.1:${clear}/1`),
      /\r\n\r\n\.a line with a dot\r\n\.\.\r\n\r\nend\r\n$/u,
    );
    await curl('--request', 'DELE', '--head', `pop3s://127.0.0.1:${tls}/2`);
    assert.equal(stored().length, 2);
  });

  test(
    'fetchmail fetches each message once, and deletes',
    { skip: withoutProgram('fetchmail') },
    async (t) => {
      const ground = Ground.of(t);
      const { tls, clear, stored } = await start(ground, {}, plain);
      const home = ground.folder('fetchmail');
      const poll = async (port: number, by: string, tail: string, code: number): Promise<void> => {
        const file = join(home, 'rc');
        const text = `poll 127.0.0.1 protocol pop3 port ${port} ${by}\n user "${user}" password "${plain}" ${tail}\n mda "cat >> ${home}/inbox"\n`;
        writeFileSync(file, text, { mode: 0o600 });
        const env = { ...process.env, HOME: home, FETCHMAILHOME: home };
        await ground.run('fetchmail', ['--fetchmailrc', file, '--nosyslog'], { env, codes: [code] });
      };
      const subjects = (): string[] =>
        readFileSync(join(home, 'inbox'), 'utf8').match(/^Subject: .*$/gmu) ?? [];
      await poll(tls, 'uidl', 'ssl no sslcertck keep', 0);
      assert.deepEqual(subjects(), ['Subject: one', 'Subject: two', 'Subject: three']);
      // Exit code 1: there was no mail, since all was seen.
      await poll(tls, 'uidl', 'ssl no sslcertck keep', 1);
      assert.equal(subjects().length, 3);
      await poll(clear, '', 'sslproto "auto" no sslcertck fetchall nokeep', 0);
      assert.equal(subjects().length, 6);
      assert.deepEqual(stored(), []);
    },
  );

  test('mpop fetches each message once, and deletes', { skip: withoutProgram('mpop') }, async (t) => {
    const ground = Ground.of(t);
    const { clear, stored } = await start(ground, {}, plain);
    const home = ground.folder('mpop');
    for (const part of ['inbox/tmp', 'inbox/new', 'inbox/cur'])
      mkdirSync(join(home, part), { recursive: true });
    const fetch = async (keep: 'on' | 'off'): Promise<void> => {
      const file = join(home, 'rc');
      const lines = [
        'account joe',
        'host 127.0.0.1',
        `port ${clear}`,
        'tls on',
        'tls_starttls on',
        'tls_certcheck off',
        `user ${user}`,
        `passwordeval "echo '${plain}'"`,
        'auth plain',
        `keep ${keep}`,
        `uidls_file ${home}/uidls`,
        `delivery maildir ${home}/inbox`,
      ];
      writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
      await ground.run('mpop', ['--file', file, '--all-accounts'], { env: { ...process.env, HOME: home } });
    };
    await fetch('on');
    await fetch('on');
    assert.equal(readdirSync(join(home, 'inbox/new')).length, 3);
    assert.equal(stored().length, 3);
    await fetch('off');
    assert.equal(stored().length, 0);
  });

  test('getmail fetches, and deletes', { skip: withoutProgram('getmail', 'getmail6') }, async (t) => {
    const ground = Ground.of(t);
    const { tls, stored } = await start(ground, {}, plain);
    const home = ground.folder('getmail');
    for (const part of ['inbox/tmp', 'inbox/new', 'inbox/cur'])
      mkdirSync(join(home, part), { recursive: true });
    writeFileSync(
      join(home, 'getmailrc'),
      `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = 127.0.0.1\nport = ${tls}\nusername = ${user}\npassword_command = ("printf", "%s", "${plain}")\n[destination]\ntype = Maildir\npath = ${home}/inbox/\n[options]\ndelete = true\n`,
    );
    // It delivers nothing as root.
    const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if (asNobody.uid !== undefined) execFileSync('chown', ['-R', '65534:65534', home]);
    await ground.run('getmail', ['--getmaildir', home, '--rcfile', join(home, 'getmailrc')], asNobody);
    assert.equal(readdirSync(join(home, 'inbox/new')).length, 3);
    assert.deepEqual(stored(), []);
  });
});

test(
  'the commands of docs/pop3.md print what it says',
  { skip: withoutSwaks() || withoutNetwork() || withoutProgram('curl') },
  async (t) => {
    await runPage(Ground.of(t), {
      file: 'docs/pop3.md',
      files: { toml: (text) => (text.includes('hostname') ? 'sluice.toml' : 'limits.toml') },
      input: 'a long password',
    });
  },
);
