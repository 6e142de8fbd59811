// Who names a user that is removed or renamed: aliases, forwards of others, and taps.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import type { UserRecord } from '../../src/directory/record.ts';
import { referencesTo } from '../../src/cli/user-references.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

const aliases = `# of the company
staff@example.com: Joe@Example.com, jane@example.com
sales@example.com: joe, \\j@example.com
postmaster@example.net: joe
other@example.com: "|/bin/cat joe@example.com", joseph@example.com
`;
const taps = 'F:sue@:joe@example.com\nA:joe@example.com:archive@example.com\n';
const configuration = (path: string): string => `hostname = "mx.example.com"
spool = "${path}/spool"
[[directory]]
name = "own"
kind = "users"
path = "${path}/users.jsonl"
[[table]]
name = "names"
kind = "aliases"
path = "${path}/aliases"
[mailboxes]
aliases = "names"
[[tap]]
name = "one"
match = "."
copy_to = "j@example.com"
[[tap]]
name = "many"
file = "${path}/taps"
`;
const joe: UserRecord = { user: 'joe@example.com', aliases: ['j@example.com'], forward: ['joe@example.com'] };
const users: readonly UserRecord[] = [
  joe,
  { user: 'sue@example.com', forward: ['JOE@example.com', 'x@example.net'] },
  { user: 'jane@example.com', forward: ['joseph@example.com'] },
];

function written(t: TestContext): string {
  const { path } = temporaryFolder(t, 'references');
  writeFileSync(`${path}/sluice.toml`, configuration(path));
  writeFileSync(`${path}/aliases`, aliases);
  writeFileSync(`${path}/taps`, taps);
  writeFileSync(
    `${path}/users.jsonl`,
    [{ domain: 'example.com' }, ...users].map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
  return path;
}

test('all that names a user is found, and nothing that only looks like it', async (t) => {
  const path = written(t);
  const config = parseConfig(configuration(path), `${path}/sluice.toml`);
  const { found, unread } = await referencesTo(config, users, joe, ['joe@example.com', 'j@example.com']);
  assert.deepEqual(
    found.map((line) => line.replaceAll(path, '')),
    [
      'Mail for sue@example.com is forwarded to JOE@example.com: "sluice forward set sue@example.com ..." changes it.',
      'The alias staff@example.com in /aliases stands for joe@example.com.',
      'The alias sales@example.com in /aliases stands for joe@example.com.',
      'The alias sales@example.com in /aliases stands for j@example.com.',
      'The tap "one" sends its copies to j@example.com.',
      'The tap "many" sends copies to joe@example.com: /taps, line 1: F:sue@:joe@example.com.',
    ],
  );
  assert.deepEqual(unread, []);
  // Who is renamed keeps the aliases.
  const renamed = await referencesTo(config, users, joe, ['joe@example.com']);
  assert.ok(
    renamed.found.every((line) => !line.includes(' j@example.com')),
    renamed.found.join('\n'),
  );
  assert.deepEqual(await referencesTo(config, users, joe, ['nobody@example.com']), { found: [], unread: [] });
});

test('what cannot be read is told, and is no reason against it', async (t) => {
  const path = written(t);
  writeFileSync(`${path}/taps`, 'nonsense\n');
  writeFileSync(`${path}/aliases`, 'nonsense\n');
  const config = parseConfig(configuration(path), `${path}/sluice.toml`);
  const { unread } = await referencesTo(config, users, joe, ['joe@example.com']);
  assert.equal(unread.length, 2);
  assert.match(unread[0] ?? '', /^An entry of the table of aliases "names" was not looked at: .*line 1/u);
  assert.match(unread[1] ?? '', /file of the tap "many" was not looked at/u);
});

test('removing and renaming tell of it, and change nothing of it', async (t) => {
  const path = written(t);
  const run = (args: string) => sluice(args.split(' '), { cwd: path, input: '' });
  const renamed = await run('user rename joe@example.com joseph@example.com');
  assert.equal(renamed.code, 0, renamed.stderr);
  assert.match(renamed.stderr, /^warning: Mail for sue@example\.com is forwarded to JOE@example\.com/mu);
  assert.match(renamed.stderr, /^warning: The alias staff@example\.com in /mu);
  const removed = await run('user remove joseph@example.com');
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stderr, /^warning: Mail for jane@example\.com is forwarded to joseph@example\.com/mu);
  assert.deepEqual(
    [readFileSync(`${path}/aliases`, 'utf8'), readFileSync(`${path}/taps`, 'utf8')],
    [aliases, taps],
  );
  assert.match(
    readFileSync(`${path}/users.jsonl`, 'utf8'),
    /"forward":\["JOE@example\.com","x@example\.net"\]/u,
  );
});
