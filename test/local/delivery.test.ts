// Deliveries as a user: which file is carried out, what programs are told, and what makes mail wait.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { SystemReport } from '../../src/deliver/system/job.ts';
import { type Ground, ground, isRoot, message } from './ground.ts';

/** `status text` of mail that waits or goes back; else what was done, and where it goes on to. */
function shown(report: SystemReport): string {
  if (report.kind === 'fault') return `${report.status} ${report.text}`;
  const { did, onward } = report;
  const to =
    onward === undefined
      ? ''
      : ` & <${onward.reversePath}>${onward.verp ?? ''} ${onward.recipients.join(' ')}`;
  return did.join('; ') + to;
}

function inMaildir(home: string, name = 'Maildir'): readonly string[] {
  const folder = join(home, name, 'new');
  return readdirSync(folder).map((each) => readFileSync(join(folder, each), 'utf8'));
}

suite('deliveries to users', { concurrency: 2 }, () => {
  test('without a file, mail is in a Maildir of the user, whole', async (t) => {
    const { report, home } = ground(t);
    assert.equal(shown(await report()), 'delivered into ./Maildir/');
    const [text] = inMaildir(home('joe'));
    assert.equal(text, `Return-Path: <a@from.test>\nDelivered-To: joe@here.test\n${message}`);
  });

  test('programs get the message as a file, from its beginning, and the environment of qmail-command', async (t) => {
    const { file, report, home } = ground(t);
    const program = (name: string): string =>
      `|head -c 5 > ${name}.head; perl -e 'sysseek(STDIN, 0, 0)'; cat > ${name}`;
    file(
      'joe',
      '.qmail-shop-default',
      [
        program('one'),
        program('two'),
        '|echo "$LOCAL|$EXT|$EXT2|$DEFAULT|$HOST|$SENDER|$USER|$HOME|$DTLINE" > env',
      ].join('\n'),
    );
    const end = await report(
      {},
      { recipient: 'Joe-Shop-Books-x@Here.test', originalRecipient: 'Joe-Shop-Books-x@Here.test' },
    );
    assert.equal(end.kind, 'done', JSON.stringify(end));
    for (const name of ['one', 'two']) {
      assert.equal(readFileSync(join(home('joe'), `${name}.head`), 'utf8'), message.slice(0, 5));
      assert.equal(readFileSync(join(home('joe'), name), 'utf8'), message);
    }
    assert.equal(
      readFileSync(join(home('joe'), 'env'), 'utf8'),
      `Joe-Shop-Books-x|shop-books-x|books-x|books-x|here.test|a@from.test|joe|${home('joe')}|Delivered-To: Joe-Shop-Books-x@Here.test\n\n`,
    );
  });

  test('an address without a file goes back, and an empty file is the usual mailbox', async (t) => {
    const { file, report } = ground(t);
    assert.match(shown(await report({}, { recipient: 'joe-x@here.test' })), /^5\.1\.1 /);
    file('joe', '.qmail-x', '');
    assert.equal(shown(await report({}, { recipient: 'joe-x@here.test' })), 'delivered into ./Maildir/');
  });

  test('a list has its owner as the sender, and with VERP a sender for each address', async (t) => {
    const { file, report } = ground(t);
    const to = { recipient: 'joe-l@here.test' };
    file('joe', '.qmail-l', 'a@x.test\nb@x.test\n');
    assert.equal(shown(await report({}, to)), ' & <a@from.test> a@x.test b@x.test');
    file('joe', '.qmail-l-owner', '');
    assert.equal(shown(await report({}, to)), ' & <joe-l-owner@here.test> a@x.test b@x.test');
    file('joe', '.qmail-l-owner-default', '');
    assert.equal(shown(await report({}, to)), ' & <joe-l-owner@here.test>-= a@x.test b@x.test');
    assert.equal(shown(await report({}, { ...to, sender: '' })), ' & <> a@x.test b@x.test');
  });

  test('/dev/null drops the mail, and what else the file asks for is done', async (t) => {
    const { file, report, home } = ground(t);
    file('joe', '.qmail', '/dev/null\n');
    assert.equal(shown(await report()), 'dropped, as /dev/null asks for');
    file('joe', '.qmail', './Maildir/\n/dev/null\na@x.test\n');
    assert.match(
      shown(await report()),
      /^delivered into .\/Maildir\/; dropped.* & <a@from\.test> a@x\.test$/,
    );
    assert.equal(readdirSync(join(home('joe'), 'Maildir', 'new')).length, 1);
    file('joe', '.forward', '"/dev/null"\n');
    assert.match(shown(await report({ instructions: 'forward' })), /^dropped/);
  });

  test('files that include each other, or nobody, make mail wait', async (t) => {
    const { file, folder, report } = ground(t);
    const [one, other] = [join(folder, 'joe', 'one'), join(folder, 'joe', 'other')];
    const way = { instructions: 'forward' } as const;
    file('joe', one, `:include:${other}\n`);
    file('joe', other, `:include:${one}\n`);
    file('joe', '.forward', `:include:${one}\na@x.test\n`);
    assert.match(
      shown(await report(way)),
      /^4\.2\.1 included files lead to no address: .*one -> .*other -> .*one$/,
    );
    file('joe', other, `:include:${one}\nb@x.test\n`);
    assert.match(shown(await report(way)), /& <a@from\.test> a@x\.test b@x\.test$/);
    file('joe', one, '# all have left\n');
    assert.match(shown(await report(way)), /& <a@from\.test> a@x\.test$/);
    file('joe', '.forward', `:include:${one}\n`);
    assert.match(
      shown(await report(way)),
      /^4\.2\.1 .*\.forward: the files that it includes have no address$/,
    );
  });

  test('.forward: the own mailbox, addresses, files that are included, and programs with the fields before the message', async (t) => {
    const { file, report, home } = ground(t);
    const friends = file('joe', 'friends', '# friends\nann@x.test, bob@x.test\n', 0o644);
    file('joe', '.forward', `\\joe, me@x.test\n"|cat > got"\n:include:${friends}\n`);
    const end = await report({ instructions: 'forward', separators: '+' });
    assert.equal(
      shown(end),
      'delivered into ./Maildir/; "cat > got" took it & <a@from.test> me@x.test ann@x.test bob@x.test',
    );
    const got = readFileSync(join(home('joe'), 'got'), 'utf8');
    assert.match(
      got,
      /^From a@from\.test .*\nReturn-Path: <a@from\.test>\nDelivered-To: joe@here\.test\nSubject: hello\n/,
    );
    file('joe', '.forward+list', './x');
    assert.match(
      shown(await report({ instructions: 'forward', separators: '+' }, { recipient: 'joe+list@here.test' })),
      /^4\.2\.1 /,
    );
  });

  test('an mbox has each message once, and nothing of one that fails', async (t) => {
    const { file, report, home } = ground(t);
    file('joe', '.qmail', './box\n|exit 111\n');
    assert.match(shown(await report()), /^4\.3\.0 /);
    file('joe', '.qmail', './box\n');
    assert.equal(shown(await report()), 'delivered into ./box');
    const entry =
      'From a@from.test Mon Nov 30 12:00:00 2026\nReturn-Path: <a@from.test>\nDelivered-To: joe@here.test\nSubject: hello\n\n>From here on\n.\n\n';
    assert.equal(readFileSync(join(home('joe'), 'box'), 'utf8'), entry + entry);
  });

  const waits: Readonly<Record<string, readonly [prepare: (made: Ground) => void, why: RegExp]>> = {
    'a home that is not there': [
      (made) => rmSync(made.home('joe'), { recursive: true }),
      /^4\.3\.0 .*is it mounted/,
    ],
    'a home that others can write to': [
      (made) => chmodSync(made.home('joe'), 0o757),
      /^4\.7\.0 others can write to the home/,
    ],
    'a home that the group can write to': [(made) => chmodSync(made.home('joe'), 0o775), /^4\.7\.0 /],
    'a home with the sticky bit': [(made) => chmodSync(made.home('joe'), 0o1755), /^4\.2\.1 .*sticky/],
    'a file that others can write to': [
      (made) => made.file('joe', '.qmail', '', 0o602),
      /^4\.7\.0 others can write to /,
    ],
    'a file of more than 256 KiB': [
      (made) => made.file('joe', '.qmail', '#'.repeat(1024 * 1024)),
      /^4\.2\.1 .*larger than 256 KiB/,
    ],
    'a file that is no text': [(made) => made.file('joe', '.qmail', '#\0'), /^4\.2\.1 .*no text/],
    'a folder in the place of the file': [
      (made) => mkdirSync(join(made.home('joe'), '.qmail')),
      /^4\.7\.0 .*no regular file/,
    ],
    'a device in the place of the file': [
      (made) => symlinkSync('/dev/zero', join(made.home('joe'), '.qmail')),
      /^4\.7\.0 /,
    ],
    'an mbox that is a device': [
      (made) => made.file('joe', '.qmail', '/dev/zero\n'),
      /^4\.3\.0 .*(no regular file|EACCES)/,
    ],
    'a file of somebody else': [
      (made) => symlinkSync('/etc/passwd', join(made.home('joe'), '.qmail')),
      /^4\.7\.0 .*not the user's own/,
    ],
    'a program that cannot be found': [
      (made) => made.file('joe', '.qmail', '|/no/such\n'),
      /^4\.3\.0 .*ended with 127/,
    ],
  };
  for (const [what, [prepare, why]] of Object.entries(waits))
    test(`${what} makes mail wait`, { skip: !isRoot && what.includes('somebody') }, async (t) => {
      const made = ground(t);
      prepare(made);
      assert.match(shown(await made.report()), why);
    });

  test(
    'aliases come before users; what they name runs as the user for them',
    { skip: !isRoot },
    async (t) => {
      const made = ground(t, ['joe', 'alias']);
      const aliases = join(made.folder, 'aliases');
      writeFileSync(
        aliases,
        `# system\nroot: joe\njoe: \\joe, me@x.test\nlist: a@x.test,\n b@x.test\nowner-list: joe\nrun: "|id -u > ${made.home('alias')}/ran", c@x.test\nfile: :include:${made.folder}/self\nnull: /dev/null\nc1: c2\nc2: c1\n`,
        { mode: 0o644 },
      );
      const of = async (recipient: string, changed = {}): Promise<string> =>
        shown(await made.report({ aliases: [aliases], ...changed }, { recipient }));
      assert.equal(await of('ROOT@here.test'), ' & <a@from.test> joe@here.test me@x.test');
      assert.equal(await of('joe@here.test'), ' & <a@from.test> me@x.test joe@here.test');
      assert.equal(await of('list@here.test'), ' & <owner-list@here.test> a@x.test b@x.test');
      assert.equal(
        await of('run@here.test'),
        `"id -u > ${made.home('alias')}/ran" took it & <a@from.test> c@x.test`,
      );
      assert.equal(readFileSync(join(made.home('alias'), 'ran'), 'utf8'), '54322\n');
      writeFileSync(join(made.folder, 'self'), `:include:${made.folder}/self\n`);
      assert.match(await of('file@here.test'), /^4\.3\.5 included files lead to no address/);
      writeFileSync(join(made.folder, 'self'), '');
      assert.match(await of('file@here.test'), /^4\.3\.5 the alias stands for nobody/);
      assert.match(await of('c1@here.test'), /^4\.3\.5 the alias c1 stands for nobody/);
      assert.equal(await of('null@here.test'), 'dropped, as /dev/null asks for');
      assert.match(await of('run@here.test', { permits: [] }), /^4\.3\.5 .*alias_permits/);
      assert.match(await of('joe@here.test', { aliases: [join(made.folder, 'none')] }), /^delivered into/);
      const open = join(made.folder, 'open');
      writeFileSync(open, 'list: c@x.test\n');
      chmodSync(open, 0o666);
      assert.match(await of('list@here.test', { aliases: [aliases, open] }), /^4\.3\.5 .*others may write/);
    },
  );

  test('mail for no user is for the user alias, and never for root', { skip: !isRoot }, async (t) => {
    const made = ground(t, ['joe', 'alias']);
    assert.match(shown(await made.report({}, { recipient: 'other@here.test' })), /^5\.1\.1 /);
    made.file('alias', '.qmail-default', './$DEFAULT\n|echo "$DEFAULT $LOCAL" > told\n');
    assert.match(shown(await made.report({}, { recipient: 'other-x@here.test' })), /^delivered into/);
    assert.equal(readFileSync(join(made.home('alias'), 'told'), 'utf8'), 'other-x other-x\n');
    await made.report({ leastUid: 60_000 });
    assert.equal(readFileSync(join(made.home('alias'), 'told'), 'utf8'), 'joe joe\n');
  });
});
