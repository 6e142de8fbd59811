// What explain says of mail for mailboxes of this host: aliases, users, forwards and automatic answers.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { explainMailboxes, mailboxesText } from '../../src/cli/explain-mailbox.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { FoundUser, User } from '../../src/directory/types.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const aliases = `staff@a.test: joe@a.test, sue@a.test, ext@b.test
owner-staff@a.test: joe@a.test
round@a.test: circle@a.test
circle@a.test: round@a.test
sue@a.test: sue@a.test, archive@b.test
all@a.test: ${Array.from({ length: 25 }, (_, at) => `x${at}@b.test`).join(', ')}
`;

const none = { aliases: [], senders: [] };
const users: readonly User[] = [
  { ...none, address: 'joe@a.test' },
  { ...none, address: 'sue@a.test', mailbox: '/home/sue/Maildir' },
  { ...none, address: 'ann@a.test', forward: ['ann@b.test'], autoreply: { text: 'Away\nuntil May.' } },
  { ...none, address: 'jim@a.test', forward: ['jim@b.test'], keepCopy: true },
  { ...none, address: 'bad@a.test', mailbox: 'relative' },
  { ...none, address: 'old@a.test', autoreply: { text: 'x', until: '2001-01-01' } },
];

function textFor(t: TestContext): (address: string) => Promise<string> {
  const { path } = temporaryFolder(t, 'explain-mailbox');
  writeFileSync(join(path, 'aliases'), aliases);
  writeFileSync(
    join(path, 'sluice.toml'),
    `hostname = "mx.a.test"
[[table]]
name = "names"
kind = "aliases"
path = "aliases"
[[directory]]
name = "own"
kind = "users"
path = "users.jsonl"
[mailboxes]
path = "/mail/\${domain}/\${user}"
aliases = "names"
[[route]]
domain = ["a.test"]
mailbox = true
`,
  );
  const config = loadConfig(join(path, 'sluice.toml'));
  const find = (address: string): Promise<FoundUser> => {
    const user = users.find((each) => each.address === address);
    if (address === 'slow@a.test') return Promise.resolve({ kind: 'failing', reason: 'no answer' });
    return Promise.resolve(user === undefined ? { kind: 'absent' } : { kind: 'user', user });
  };
  return async (address) =>
    mailboxesText(await explainMailboxes(config, { find }, address, Date.now()), address);
}

test('mail for an address is followed to mailboxes, forwards, answers and other servers', async (t) => {
  const text = textFor(t);
  for (const [address, expected] of [
    ['joe@a.test', 'Mailbox    of joe@a.test: /mail/a.test/joe\n'],
    ['joe+list@a.test', 'Mailbox    of joe@a.test: /mail/a.test/joe; the address adds "list"\n'],
    [
      'staff@a.test',
      `Alias      for joe@a.test, sue@a.test, archive@b.test, ext@b.test; reports go to owner-staff@a.test
Mailbox    of joe@a.test: /mail/a.test/joe
Mailbox    of sue@a.test: /home/sue/Maildir
Goes on    to archive@b.test, by the route of its domain
Goes on    to ext@b.test, by the route of its domain
`,
    ],
    [
      'sue@a.test',
      `Alias      for sue@a.test
Alias      for archive@b.test
Mailbox    of sue@a.test: /home/sue/Maildir
Goes on    to archive@b.test, by the route of its domain
`,
    ],
    ['ann@a.test', 'Forward    of ann@a.test: to ann@b.test\nAnswer     of ann@a.test: Away until May.\n'],
    [
      'jim@a.test',
      'Mailbox    of jim@a.test: /mail/a.test/jim\nForward    of jim@a.test: to jim@b.test, beside the mailbox\n',
    ],
    ['old@a.test', 'Mailbox    of old@a.test: /mail/a.test/old\n'],
    ['nobody@a.test', 'Mailbox    none: nobody has the address nobody@a.test, so mail goes back (5.1.1)\n'],
    ['slow@a.test', 'Mailbox    of slow@a.test: mail waits: no answer\n'],
  ] as const)
    assert.equal(await text(address), expected, address);
  assert.match(await text('round@a.test'), /^Alias +mail waits: an alias goes in circles: /u);
  assert.match(await text('bad@a.test'), /^Mailbox +of bad@a\.test: mail waits: .*is no absolute path/u);
  assert.match(await text('all@a.test'), /^ +5 more addresses, which are not shown$/mu);
});
