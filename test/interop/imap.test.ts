// Mailboxes of Sluice that Dovecot serves by IMAP at the same time, set up as docs/mailboxes.md says: nothing is read in part or twice, flags and
// quotas are the same for both; and mail that Postfix and swaks hand in by LMTP arrives there.

import assert from 'node:assert/strict';
import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { submit } from '../../sim/mx/submitter.ts';
import { startDovecotImap, withoutDovecotImap, type DovecotImap } from '../../sim/neighbours/dovecot-imap.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { ownProcesses, type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { fencesOf, pages } from '../docs/pages.ts';
import { withoutSwaks } from './swaks.ts';

const user = 'joe@box.test';
const password = 'secret';
const script = join(import.meta.dirname, 'imap/reader.py');
/** Nobody has a number beyond the `first_valid_uid` of the page, as a user for a service has. */
const owner = { name: 'nobody', group: 'nogroup', id: 65_534 };

interface Made {
  readonly ground: Ground;
  readonly sluice: Sluice;
  readonly lmtp: number;
  readonly pop3: number;
  readonly dovecot: DovecotImap;
  readonly folder: string;
}

/** The part for Dovecot of docs/mailboxes.md, for this folder and this owner of the mail. */
function settingsOfPage(mail: string): string {
  const page = pages.find(({ file }) => file === 'docs/mailboxes.md');
  assert.ok(page !== undefined);
  const found = fencesOf(page).find(({ text }) => text.includes('mail_location'));
  assert.ok(found !== undefined, 'docs/mailboxes.md says no more how Dovecot is set up');
  return found.text
    .replaceAll('/var/mail/sluice', mail)
    .replace('mail_uid = sluice', `mail_uid = ${owner.name}`)
    .replace('mail_gid = sluice', `mail_gid = ${owner.group}`);
}

async function make(t: TestContext): Promise<Made> {
  const ground = Ground.of(t);
  const mail = ground.folder('mail');
  chownSync(mail, owner.id, owner.id);
  const directory = ground.folder('sluice');
  const path = join(directory, 'users.jsonl');
  const records = [
    { domain: 'box.test' },
    { user, password: `{PLAIN}${password}` },
    { user: 'sue@box.test' },
  ];
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''), { mode: 0o644 });
  const [smtp, lmtp, pop3] = [await freePort(), await freePort(), await freePort()];
  const sluice = await startSluice(ground, {
    directory,
    port: smtp,
    config: {
      ...ownProcesses,
      user: owner.name,
      control_socket: join(ground.directory, 'sockets/control.sock'),
      listen: [
        { address: `127.0.0.1:${smtp}` },
        { address: `127.0.0.1:${lmtp}`, protocol: 'lmtp' },
        { address: `127.0.0.1:${pop3}`, protocol: 'pop3' },
      ],
      receive: { relay_domains: ['box.test'] },
      directory: [{ name: 'staff', kind: 'users', path }],
      login: { mechanisms_in_clear: ['PLAIN'] },
      mailboxes: { path: join(mail, '${domain}/${user}'), quota: '10MiB', quota_messages: 1000 },
      route: [{ name: 'mailboxes', domain: ['box.test'], mailbox: true }],
    },
  });
  const dovecot = await startDovecotImap(ground, {
    settings: settingsOfPage(mail),
    password,
    quota: '*:storage=10M:messages=1000',
  });
  return { ground, sluice, lmtp, pop3, dovecot, folder: join(mail, 'box.test/joe') };
}

interface ReadMessage {
  /** As the server says, and as it was. */
  readonly size: number;
  readonly octets: number;
  readonly header: string;
  readonly textOctets: number;
}

interface Read {
  readonly seen: Readonly<Record<string, ReadMessage>>;
  readonly flagged: readonly string[];
  readonly still: readonly string[];
  readonly all: readonly string[];
  readonly quota: readonly string[];
}

async function read({ ground, dovecot }: Made, count: number): Promise<Read> {
  const args = [script, String(dovecot.port), user, password, String(count)];
  return JSON.parse(await ground.run('python3', args)) as Read;
}

/** Bytes and messages, from the names of the files and from maildirsize. */
function usageIn(folder: string): { readonly files: readonly number[]; readonly counted: readonly number[] } {
  const names = ['new', 'cur'].flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => join(part, name)),
  );
  const bytes = names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const [, ...lines] = readFileSync(join(folder, 'maildirsize'), 'utf8').trim().split('\n');
  const counted = [0, 0];
  for (const line of lines)
    for (const [index, word] of line.trim().split(/\s+/u).entries()) counted[index]! += Number(word);
  return { files: [bytes, names.length], counted };
}

/** Octets of a text, at least. */
function sizeOf(index: number): number {
  return 100 + 200 * (index % 40);
}

async function deliver({ sluice }: Made, name: string, count: number): Promise<void> {
  const { accepted } = await submit(
    Array.from({ length: count }, (_, index) => ({
      id: `${name}.${index}@from.test`,
      from: 'me@from.test',
      to: [user],
      sizeBytes: sizeOf(index),
    })),
    { address: '127.0.0.1', port: sluice.port, connections: 4 },
  );
  assert.equal(accepted.size, count);
}

suite('Dovecot beside Sluice', { skip: withoutDovecotImap() }, () => {
  test('IMAP reads while mail is delivered: nothing in part, nothing twice, and flags and quotas are the same', async (t) => {
    const made = await make(t);
    const { folder, ground, pop3, sluice } = made;
    const count = 200;
    // There is a mailbox before the first log-in.
    await deliver(made, 'first', 1);
    await until('the mailbox is there', () => sluice.events().some(({ event }) => event === 'delivered'));
    const [told] = await Promise.all([read(made, count), deliver(made, 'next', count - 1)]);
    assert.equal(Object.keys(told.seen).length, count);
    const ids = Object.values(told.seen).map(({ header, octets, size, textOctets }) => {
      assert.equal(octets, size);
      assert.match(header, /^Return-Path: <me@from\.test>\r\nDelivered-To: joe@box\.test\r\n/u);
      const [, id = '', index] = /^Message-ID: <((?:first|next)\.(\d+)@from\.test)>/mu.exec(header) ?? [];
      // Whole lines, until there is as much as was asked for.
      const least = sizeOf(Number(index));
      assert.ok(textOctets >= least && textOctets < least + 100, `${id}: ${textOctets} of ${least} octets`);
      return id;
    });
    assert.equal(new Set(ids).size, count);
    assert.deepEqual(told.still, told.flagged);
    assert.equal(told.all.length, count);

    // What POP3 removes is gone by IMAP, and the quota of both says so.
    const client = join(import.meta.dirname, 'pop3/session.py');
    const deleted = Array.from({ length: 50 }, (_, index) => String(index + 1));
    await ground.run('python3', [client, String(pop3), 'clear', user, password, ...deleted]);
    const after = await read(made, count - deleted.length);
    assert.equal(after.all.length, count - deleted.length);
    for (const uid of after.all) assert.ok(uid in told.seen);
    const { files, counted } = usageIn(folder);
    assert.deepEqual(counted, files);
    // STORAGE is in KiB.
    const [bytes = 0, messages = 0] = files;
    const [, used, most] = /STORAGE (\d+) (\d+) MESSAGE (\d+)/u.exec(after.quota.join(' ')) ?? [];
    assert.ok(Math.abs(Number(used) - bytes / 1024) <= 1, `${after.quota.join(' ')}: ${bytes} bytes`);
    assert.equal(most, '10240');
    assert.match(after.quota.join(' '), new RegExp(`MESSAGE ${messages} 1000`, 'u'));
    assert.match(await sluice.cli('quota', 'show', user), new RegExp(`${messages}`, 'u'));
  });

  test('POP3 of Dovecot with the format that the page names gives the same UIDLs', async (t) => {
    const made = await make(t);
    const { dovecot, ground, pop3, sluice } = made;
    if (dovecot.pop3Port === undefined) {
      t.skip('the POP3 of Dovecot is not installed (Debian: dovecot-pop3d)');
      return;
    }
    await deliver(made, 'uidl', 5);
    await until(
      'all are delivered',
      () => sluice.events().filter(({ event }) => event === 'delivered').length === 5,
    );
    const client = join(import.meta.dirname, 'pop3/session.py');
    const uidl = async (port: number): Promise<readonly string[]> => {
      const told = await ground.run('python3', [client, String(port), 'clear', user, password]);
      return (JSON.parse(told) as { readonly uidl: readonly string[] }).uidl.map(
        (line) => line.split(' ')[1] ?? '',
      );
    };
    const theirs = await uidl(dovecot.pop3Port);
    const ours = await uidl(pop3);
    assert.deepEqual(ours.toSorted(), theirs.toSorted());
  });

  test(
    'mail that Postfix and swaks hand in by LMTP is read by IMAP',
    { skip: withoutPostfix() || withoutSwaks() },
    async (t) => {
      const made = await make(t);
      const { ground, lmtp, sluice } = made;
      const postfix = await startPostfix(ground, 'postfix', {
        main: {
          relay_domains: 'box.test',
          relay_transport: `lmtp:inet:127.0.0.1:${lmtp}`,
          relay_recipient_maps: '',
        },
      });
      const swaks = (...args: string[]): Promise<string> =>
        ground.run('swaks', ['--from', 'me@from.test', '--silent', '1', ...args], { codes: [0, 24, 26] });
      await swaks('--server', `127.0.0.1:${postfix.port}`, '--to', user, '--header', 'Subject: by Postfix');
      await until('Postfix has handed it on', () => /status=sent \(250 .*queued/u.test(postfix.log()));
      const said = await ground.run('swaks', [
        '--protocol',
        'LMTP',
        '--server',
        `127.0.0.1:${lmtp}`,
        '--from',
        'me@from.test',
        '--to',
        `${user},nobody@box.test,sue@box.test`,
        '--header',
        'Subject: by swaks',
      ]);
      // One of three is refused, and each of the others has a reply of its own.
      assert.match(said, /550 5\.1\.1/u);
      assert.equal(said.match(/^<- +250 2\.0\.0 .*queued/gmu)?.length, 2, said);
      await until(
        'all are delivered',
        () => sluice.events().filter(({ event }) => event === 'delivered').length === 3,
      );
      const told = await read(made, 2);
      const subjects = Object.values(told.seen).map(
        ({ header }) => /^Subject: (?<subject>.+)\r$/mu.exec(header)?.groups?.['subject'],
      );
      assert.deepEqual(subjects.toSorted(), ['by Postfix', 'by swaks']);
    },
  );
});
