// `sluice reload` as a program: the file that it requests, and the file that it prints as read.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Reloaded } from '../../src/control/operations/reload.ts';
import { sluice } from './run.ts';

/** A control socket that accepts every reload, and keeps the requests. */
async function ground(t: TestContext, reloaded: Reloaded) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const asked: unknown[] = [];
  const server = createServer((socket) => {
    createInterface({ input: socket }).once('line', (line) => {
      asked.push(JSON.parse(line));
      socket.end(`${JSON.stringify({ kind: 'end', result: reloaded })}\n`);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(join(folder, 'control.sock'), resolve);
  });
  t.after(() => server.close());
  writeFileSync(join(folder, 'sluice.toml'), 'control_socket = "control.sock"\n');
  return { folder, asked };
}

test('reload prints the file that was read, and the keys that wait for a restart', async (t) => {
  const { folder, asked } = await ground(t, { file: '/etc/sluice/a.toml', afterRestart: ['spool'] });
  const { code, stdout } = await sluice(['reload'], { cwd: folder });
  assert.equal(code, 0);
  assert.equal(
    stdout,
    'The new configuration is in force: /etc/sluice/a.toml.\nOnly a restart puts in force: spool.\n',
  );
  assert.deepEqual(asked, [{ operation: 'reload' }]);
});

test('listeners that could not be opened are named, and the exit code says that not all is well', async (t) => {
  const notOpen = ['Listening on 192.0.2.1:25: this machine has no such address.'];
  const { folder } = await ground(t, { file: '/etc/sluice/a.toml', afterRestart: [], notOpen });
  const { code, stdout, stderr } = await sluice(['reload'], { cwd: folder });
  assert.equal(code, 1);
  assert.equal(stdout, 'The new configuration is in force: /etc/sluice/a.toml.\n');
  assert.match(
    stderr,
    /^LISTEN_FAILED: Not every listener could be opened:\n {2}Listening on 192\.0\.2\.1:25: this machine has no such address\.\n/u,
  );
});

test('what may not be what the operator wants is printed, and is no error', async (t) => {
  const warnings = ['/etc/sluice/a.toml:4:8: stage[1].file: the plugin cannot be used.'];
  const { folder } = await ground(t, { file: '/etc/sluice/a.toml', afterRestart: [], warnings });
  const { code, stdout } = await sluice(['reload'], { cwd: folder });
  assert.equal(code, 0);
  assert.equal(stdout, `The new configuration is in force: /etc/sluice/a.toml.\nwarning: ${warnings[0]}\n`);
});

test('a file named with -c is sent as its absolute path', async (t) => {
  const { folder, asked } = await ground(t, { afterRestart: [] });
  const { stdout } = await sluice(['reload', '-c', 'sluice.toml'], { cwd: folder });
  assert.equal(stdout, 'The new configuration is in force: no file, the defaults.\n');
  assert.deepEqual(asked, [{ operation: 'reload', file: join(folder, 'sluice.toml') }]);
});

test('when no Sluice is found with a file that has a mistake, the mistake is reported', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, 'sluice.toml'),
    'hostname = "mx.example.com"\n[receive]\nmax_mesage_size = "1KiB"\n',
  );
  const { code, stderr } = await sluice(['reload'], { cwd: folder });
  assert.match(stderr, /sluice\.toml:3:1.*max_message_size/su);
  assert.equal(code, 78);
});
