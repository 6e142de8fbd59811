// A reload reads the file of the start, and never the defaults because that file was removed or emptied.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConfigSource } from '../../src/config/config-source.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-config-source-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a file that was removed is an error, not the defaults, and is read again when it exists again', (t) => {
  const file = join(folder(t), 'sluice.toml');
  writeFileSync(file, 'hostname = "one.example"\n');
  const source = new ConfigSource(file);
  assert.equal(source.read().hostname, 'one.example');
  rmSync(file);
  assert.throws(() => source.read(), { code: 'CONFIG_UNREADABLE' });
  writeFileSync(file, 'hostname = "two.example"\n');
  assert.equal(source.read().hostname, 'two.example');
});

test('the file that was found at the start is read again, and no other file when it was removed', (t) => {
  const place = folder(t);
  const [first, other] = [join(place, 'first.toml'), join(place, 'other.toml')];
  writeFileSync(first, 'hostname = "first.example"\n');
  writeFileSync(other, 'hostname = "other.example"\n');
  const before = process.env['SLUICE_CONFIG'];
  t.after(() => {
    if (before === undefined) delete process.env['SLUICE_CONFIG'];
    else process.env['SLUICE_CONFIG'] = before;
  });
  process.env['SLUICE_CONFIG'] = first;
  const source = new ConfigSource(undefined);
  assert.equal(source.read().hostname, 'first.example');
  // What is found now is another one.
  process.env['SLUICE_CONFIG'] = other;
  assert.equal(source.read().file, first);
  rmSync(first);
  assert.throws(() => source.read(), { code: 'CONFIG_UNREADABLE' });
});

test('a file that was emptied is refused until something is in it; a comment is enough', (t) => {
  const file = join(folder(t), 'sluice.toml');
  writeFileSync(file, 'hostname = "one.example"\n');
  const source = new ConfigSource(file);
  source.read();
  truncateSync(file);
  assert.throws(() => source.read(), /sluice\.toml: the file is empty now.*disk was full/su);
  writeFileSync(file, '\n \n');
  assert.throws(() => source.read(), { code: 'CONFIG_INVALID' });
  writeFileSync(file, '# the defaults\n');
  assert.deepEqual(source.read().limit, []);
});

test('a file that was empty from the start may stay so', (t) => {
  const file = join(folder(t), 'sluice.toml');
  writeFileSync(file, '');
  const source = new ConfigSource(file);
  source.read();
  assert.equal(source.read().file, file);
});

test('a file of domains that was emptied is refused, too; one that is named for the first time may be empty', (t) => {
  const place = folder(t);
  const file = join(place, 'sluice.toml');
  const [domains, more] = [join(place, 'domains'), join(place, 'more')];
  writeFileSync(domains, 'one.example\n');
  writeFileSync(more, '');
  writeFileSync(file, '[receive]\nrelay_domains_file = "domains"\n');
  const source = new ConfigSource(file);
  assert.equal(source.read().receive.relayDomains.length, 1);
  truncateSync(domains);
  assert.throws(() => source.read(), /domains: the file is empty now/u);
  writeFileSync(file, '[receive]\nrelay_domains_file = "more"\n');
  assert.equal(source.read().receive.relayDomains.length, 0);
});
