// The plugins in examples/qmail-spp, as they are, in real sessions; that for vpopmail has a vpopmail beside it that is a folder of scripts.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../temporary-folder.ts';
import { type Ground, type Options, withPlugins } from './ground.ts';

const home = join(import.meta.dirname, '../../../examples/qmail-spp');

function withExample(
  t: TestContext,
  section: string,
  plugin: string,
  options: Options = {},
): Promise<Ground> {
  return withPlugins(t, `[${section}]\n${plugin}\n`, { home, ...options });
}

/** Gives one command after the other. @returns the last reply */
async function say({ fixture }: Ground, ...commands: readonly string[]): Promise<string> {
  const client = await fixture.client();
  let reply = await client.reply();
  for (const command of commands) reply = await client.ask(`${command}\r\n`);
  client.socket.destroy();
  return reply;
}

const mail = 'MAIL FROM:<a@example.net>';

for (const [name, reply] of [
  ['client.example', /^250/],
  ['a.b.client-1.example', /^250/],
  ['1.2.3.x', /^250/],
  ['[192.0.2.1]', /^250/],
  ['[IPv6:2001:db8::1]', /^250/],
  ['192.0.2.1', /^550 an address has brackets around it \(#5\.5\.2\)$/],
  ['client', /^550 greet with the whole name/],
  ['localhost', /^550 you are not mx\.example\.org/],
  ['MX.Example.Org', /^550 you are not mx\.example\.org \(#5\.7\.1\)$/],
] as const) {
  test(`helo-check: EHLO ${name}`, async (t) => {
    assert.match(await say(await withExample(t, 'helo', 'helo-check'), `EHLO ${name}`), reply);
  });
}

test('helo-check does not look at clients that may relay', async (t) => {
  assert.match(
    await say(await withExample(t, 'helo', 'helo-check', { mayRelay: true }), 'EHLO client'),
    /^250/,
  );
});

test('sender-limit counts the messages of each sender', async (t) => {
  const folder = temporaryFolder(t, 'sender-limit').path;
  const environment = { SENDER_LIMIT: '2', SENDER_LIMIT_FOLDER: folder };
  const ground = await withExample(t, 'mail', 'sender-limit', { environment });
  const hello = 'EHLO client.example';
  assert.match(await say(ground, hello, mail), /^250/);
  assert.match(await say(ground, hello, 'MAIL FROM:<A@Example.net>'), /^250/);
  assert.match(await say(ground, hello, mail), /^450 you have sent 2 messages within an hour/);
  assert.match(await say(ground, hello, 'MAIL FROM:<other@example.net>'), /^250/);
  assert.match(await say(ground, hello, 'MAIL FROM:<>'), /^250/);
  assert.equal(readdirSync(folder).length, 2);
  // What was sent long ago does not count.
  const old = Math.floor(Date.now() / 1000) - 4000;
  for (const file of readdirSync(folder)) writeFileSync(join(folder, file), `${old}\n${old + 1}\n`);
  assert.match(await say(ground, hello, mail), /^250/);
  rmSync(folder, { recursive: true });
  assert.match(await say(ground, hello, mail), /^451 4\.3\.0/);
  mkdirSync(folder);
});

test('client-field says who has handed a message in', async (t) => {
  const ground = await withExample(t, 'data', 'client-field', { auth: true });
  const login = `AUTH PLAIN ${Buffer.from('\0joe@example.com\0pencil').toString('base64')}`;
  const end = ['DATA', 'Subject: x\r\n\r\nhello\r\n.'];
  assert.match(await say(ground, 'EHLO cli|ent;.example', mail, 'RCPT TO:<b@example.com>', ...end), /^250/);
  assert.match(
    await say(ground, 'EHLO client.example', login, mail, 'RCPT TO:<b@example.com>', ...end),
    /^250/,
  );
  const fields = ground.fixture.spool.kept.map(({ content }) => content.match(/^X-Client.*$/gm));
  assert.deepEqual(
    fields[1]?.map((field) => field.trim()),
    ['X-Client: client.example.net [127.0.0.1] helo=client.example', 'X-Client-User: joe@example.com'],
  );
  assert.match(fields[0]?.[0] ?? '', /^X-Client: client\.example\.net \[127\.0\.0\.1\] helo=[\w.]+\r?$/);
});

/** The tools of vpopmail that a plugin asks, over files: domains, users and aliases. */
const tools = {
  vdominfo:
    'test -e "$DATA/away" && exit 111\nline=$(grep "^$2 " "$DATA/table.domains") || { echo "Invalid domain name"; exit 1; }\nset -- "$1" $line\ncase $1 in -d) echo "$4" ;; -n) echo "$3" ;; esac\n',
  vuserinfo:
    'test -e "$DATA/away" && exit 111\ngrep -qx "$2" "$DATA/table.users" || { echo "no such user $2"; exit 255; }\necho "/home/of/$2"\n',
  valias: 'grep "@$2 -> " "$DATA/table.aliases"\nexit 0\n',
};

interface Vpopmail {
  readonly environment: Readonly<Record<string, string>>;
  readonly path: string;
  /** Writes a file of the domain example.com. */
  write(name: string, text: string): void;
}

function vpopmail(t: TestContext): Vpopmail {
  const { path } = temporaryFolder(t, 'vpopmail');
  const folder = join(path, 'domains/example.com');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(path, 'bin'));
  for (const [name, text] of Object.entries(tools))
    writeFileSync(join(path, 'bin', name), `#!/bin/sh\nDATA='${path}'\n${text}`, { mode: 0o755 });
  const table = (name: string, ...lines: string[]): void =>
    writeFileSync(join(path, `table.${name}`), lines.map((line) => `${line}\n`).join(''));
  table('domains', `example.com example.com ${folder}`, `alias.example example.com ${folder}`);
  table('users', 'joe@example.com', 'ann.lee@example.com');
  table('aliases', 'Info@example.com -> &joe@example.com', 'list@example.com -> |/usr/bin/list');
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('.qmail-sales', '&joe@example.com');
  write('.qmail-jane:doe', '&joe@example.com');
  write('.qmail-news-default', '|ezmlm');
  write('.qmail-default', "| /home/vpopmail/bin/vdelivermail '' bounce-no-mailbox\n");
  return { environment: { VPOPMAIL: path }, path, write };
}

const noMailbox = '511 sorry, no mailbox here by that name (#5.1.1)';

const recipients: readonly (readonly [recipient: string, reply: string | RegExp])[] = [
  ['joe@example.com', /^250/],
  ['JOE@Example.com', /^250/],
  ['ann.lee@example.com', /^250/],
  ['info@example.com', /^250/],
  ['list@example.com', /^250/],
  ['sales@example.com', /^250/],
  ['jane.doe@example.com', /^250/],
  ['news-subscribe@example.com', /^250/],
  ['news-return-17-x=y.example@example.com', /^250/],
  ['nobody@example.com', noMailbox],
  ['sale@example.com', noMailbox],
  ['oe@example.com', noMailbox],
  ['nfo@example.com', noMailbox],
  ['default@example.com', noMailbox],
  ['j*e@example.com', noMailbox],
  ["joe'; touch x; '@example.com", /^(?:501|511)/],
  ['x/joe@example.com', noMailbox],
  ['-joe@example.com', noMailbox],
  ['"joe x"@example.com', noMailbox],
  ['joe@elsewhere.example', noMailbox],
  // A user of an alias domain exists; whether mail is accepted for the domain is not the business of the plugin.
  ['joe@alias.example', /^550 5\.7\.1 Relaying denied/],
  ['nobody@alias.example', noMailbox],
];

test('vpopmail-recipient accepts whom vpopmail knows', async (t) => {
  const { environment } = vpopmail(t);
  const { fixture } = await withExample(t, 'rcpt', 'vpopmail-recipient', { environment });
  for (const [recipient, expected] of recipients) {
    const client = await fixture.client();
    await client.reply();
    await client.ask('EHLO client.example\r\n');
    await client.ask(`${mail}\r\n`);
    const reply = await client.ask(`RCPT TO:<${recipient}>\r\n`);
    if (typeof expected === 'string') assert.equal(reply, expected, recipient);
    else assert.match(reply, expected, recipient);
    client.socket.destroy();
  }
});

test('vpopmail-recipient lets those relay who may, and only to other domains', async (t) => {
  const { environment } = vpopmail(t);
  const ground = await withExample(t, 'rcpt', 'vpopmail-recipient', { environment, mayRelay: true });
  const hello = 'EHLO client.example';
  assert.match(await say(ground, hello, mail, 'RCPT TO:<joe@elsewhere.example>'), /^250/);
  assert.match(await say(ground, hello, mail, 'RCPT TO:<joe@alias.example>'), /^250/);
  assert.equal(await say(ground, hello, mail, 'RCPT TO:<nobody@alias.example>'), noMailbox);
});

for (const [line, reply] of [
  ["| /home/vpopmail/bin/vdelivermail '' bounce-no-mailbox", noMailbox],
  ["| /home/vpopmail/bin/vdelivermail '' delete", noMailbox],
  ["| /home/vpopmail/bin/vdelivermail '' /home/vpopmail/domains/example.com/joe", /^250/],
  ['&joe@example.com', /^250/],
] as const) {
  test(`vpopmail-recipient: .qmail-default has ${line}`, async (t) => {
    const { environment, write } = vpopmail(t);
    write('.qmail-default', `${line}\n`);
    const ground = await withExample(t, 'rcpt', 'vpopmail-recipient', { environment });
    const found = await say(ground, 'EHLO client.example', mail, 'RCPT TO:<nobody@example.com>');
    if (typeof reply === 'string') assert.equal(found, reply);
    else assert.match(found, reply);
  });
}

test('vpopmail-recipient asks to try again when vpopmail cannot tell', async (t) => {
  const { environment, path } = vpopmail(t);
  const ground = await withExample(t, 'rcpt', 'vpopmail-recipient', { environment });
  const reply = (): Promise<string> => say(ground, 'EHLO client.example', mail, 'RCPT TO:<joe@example.com>');
  assert.match(await reply(), /^250/);
  writeFileSync(join(path, 'away'), '');
  assert.match(await reply(), /^451 the recipient cannot be looked up now, try again later \(#4\.3\.5\)/);
  rmSync(join(path, 'away'));
  chmodSync(join(path, 'bin/vuserinfo'), 0o644);
  assert.match(await reply(), /^451 /);
  rmSync(join(path, 'bin'), { recursive: true });
  assert.match(await reply(), /^451 /);
});
