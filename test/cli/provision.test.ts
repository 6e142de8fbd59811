// `sluice provision` as a person runs it: what it says of a change, and of records and lines that cannot be used; `sluice check` says the same.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

const config = `
spool = "spool"
[provisioning]
table = "domains"
[[table]]
name = "domains"
kind = "key-value"
path = "domains"
[queues.news]
`;

function ground(t: TestContext, domains: string) {
  const folder = temporaryFolder(t, 'provision').path;
  const file = join(folder, 'sluice.toml');
  const table = join(folder, 'domains');
  writeFileSync(file, config);
  writeFileSync(table, domains);
  return { file, table, run: (...args: string[]) => sluice([...args, '--config', file]) };
}

test('a state that takes the place of another says what is gone', async (t) => {
  const { table, run } = ground(t, 'a.test redirect=@b.test queue=news\n');
  const set = await run('provision', 'set', 'a.test', 'state=active');
  assert.equal(set.stdout, 'a.test: state=active queue=news\n');
  assert.equal(set.stderr, 'No longer said: redirect=@b.test\n');
  assert.equal(readFileSync(table, 'utf8'), 'a.test state=active queue=news\n');
  const backup = await run('provision', 'set', 'a.test', 'backup=mx.b.test');
  assert.equal(backup.stderr, 'No longer said: state=active\n');
  const quota = await run('provision', 'set', 'a.test', 'quota=1GiB');
  assert.equal(quota.stderr, '');
});

test('records that cannot be used are told by check, with their lines', async (t) => {
  const { run } = ground(
    t,
    '# ours\na.test queue=news\nb.test stat=hold\n\nc.test queue=nope\nd@e.test state=hold\n',
  );
  const { stdout, stderr, code } = await run('check');
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /domains, line 3: the record of b\.test cannot be used, .*there is no "stat"; did you mean "state"\?; correct it/u,
  );
  assert.match(
    stdout,
    /domains, line 5: the record of c\.test .*there is no queue "nope"; there are default, news/u,
  );
  assert.match(stdout, /domains, line 6: the record of d@e\.test .*its key is no domain/u);
  assert.doesNotMatch(stdout, /a\.test/u);
});

test('a line that is no record is told by list, and by check', async (t) => {
  const { run } = ground(t, 'a.test queue=news\nb.test\n');
  const listed = await run('provision', 'list');
  assert.equal(listed.stdout, 'a.test: queue=news\n');
  assert.match(listed.stderr, /domains: line 2 has a key and no value.*\. Correct the line: /u);
  assert.match((await run('check')).stdout, /domains: line 2 has a key and no value/u);
});
