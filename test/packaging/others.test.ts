// Service files of other systems, and the container: read by their own tools where these are here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';

const root = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(root, 'packaging', path), 'utf8');

for (const script of ['openrc/sluice', 'freebsd/sluice']) {
  test(`the script ${script} is read by a shell without a mistake`, () => {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: text(script), encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}

test('the property list of launchd is read, and starts sluice serve', (t) => {
  const program =
    'import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)';
  const { error, status, stdout, stderr } = spawnSync('python3', ['-c', program], {
    input: text('launchd/org.sluice.sluice.plist'),
    encoding: 'utf8',
  });
  if (error !== undefined) {
    t.skip('there is no Python');
    return;
  }
  assert.equal(status, 0, stderr);
  const plist = JSON.parse(stdout) as { ProgramArguments: string[]; Umask: number; KeepAlive: object };
  assert.deepEqual(plist.ProgramArguments.slice(1, 3), ['serve', '--config']);
  assert.equal(plist.Umask, 0o027);
  assert.deepEqual(plist.KeepAlive, { SuccessfulExit: false });
});

test('all that the container copies exists', () => {
  const file = text('container/Containerfile');
  const sources = [...file.matchAll(/^COPY (?!--from)(?<words>.+)$/gmu)].flatMap((found) =>
    (found.groups?.['words'] ?? '').split(' ').slice(0, -1),
  );
  assert.ok(sources.length >= 6);
  for (const source of sources) assert.ok(existsSync(join(root, source)), source);
});

test('the container ends as Sluice wants, runs as no root, and keeps the queue in its volume', () => {
  const file = text('container/Containerfile');
  assert.match(file, /^STOPSIGNAL SIGTERM$/mu);
  assert.match(file, /^USER 2525:2525$/mu);
  const config = parseConfig(text('container/sluice.toml'), '/etc/sluice/sluice.toml');
  const volume = /^VOLUME (?<path>\S+)$/mu.exec(file)?.groups?.['path'] ?? '';
  assert.ok(config.spool.startsWith(`${volume}/`), `${config.spool} in ${volume}`);
});

test('the first configuration of the package for Debian has no mistake, and listens on this host only', () => {
  const config = parseConfig(text('debian/first-sluice.toml'), '/etc/sluice/sluice.toml');
  assert.equal(config.spool, '/var/lib/sluice/spool');
  assert.deepEqual(
    config.listen.map(({ address }) => address.kind === 'tcp' && address.host),
    ['127.0.0.1'],
  );
});
