// `sluice`, and a link to it named `sendmail`, with environments, limits and users with which Node alone cannot start. Either the
// command works, or it ends with a sentence and a code of sysexits: without a stack trace, and not with 0 for lost mail.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';

import { loginName } from '../../src/cli/sendmail/login-name.ts';
import { olderNode } from './older-node.ts';
import { smtpServer } from './smtp-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-surroundings-'));
after(() => rmSync(folder, { recursive: true }));
const bin = fileURLToPath(new URL('../../bin', import.meta.url));
const old = olderNode();
/** A PATH with the Node of this process first. */
const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);

const link = join(folder, 'sendmail');
symlinkSync(join(bin, 'sluice'), link);
symlinkSync('sendmail', join(folder, 'indirect'));

interface Result {
  readonly code: number | null;
  readonly output: string;
}

async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input = '',
): Promise<Result> {
  const child = spawn(file, args, { cwd: '/', env: { PATH: path, ...env } });
  let output = '';
  child.stdout.on('data', (piece: Buffer) => (output += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (output += piece.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** Runs a line of shell with the link as `$0`. */
function shell(line: string, env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return run('/bin/sh', ['-c', line, link], env);
}

test('NODE_OPTIONS that keep Node from starting are reported, and the command runs without them', async () => {
  const result = await run(join(bin, 'sluice'), ['version'], {
    NODE_OPTIONS: '--require /nonexistent.js',
    NODE_CHANNEL_FD: '97',
  });
  assert.equal(result.code, 0);
  // The two outputs are read as they come, in any order.
  assert.match(
    result.output,
    /^START_NODE_OPTIONS: Node does not start with NODE_OPTIONS=--require \/nonexistent\.js; Sluice goes on without them\.$/mu,
  );
  assert.match(result.output, /^sluice \d/mu);
});

test('sendmail ignores NODE_OPTIONS of its caller', async (t) => {
  const socket = join(folder, 'options.sock');
  const server = await smtpServer(socket);
  t.after(() => server.close());
  const config = join(folder, 'options.toml');
  writeFileSync(config, `hostname = "host.example.com"\nsubmission_socket = "${socket}"\n`);
  const env = { NODE_OPTIONS: '--require /nonexistent.js', NODE_CHANNEL_FD: '97' };
  const result = await run(link, ['-C', config, 'you@example.net'], env, 'Subject: x\n\ny\n');
  assert.deepEqual(result, { code: 0, output: '' });
  assert.equal(server.contents.length, 1);
});

test('other commands keep NODE_OPTIONS that work: an administrator may have set them', async () => {
  const file = join(folder, 'meant.cjs');
  writeFileSync(file, "process.stderr.write('loaded\\n');");
  const { code, output } = await run(join(bin, 'sluice'), ['version'], { NODE_OPTIONS: `--require ${file}` });
  assert.equal(code, 0);
  assert.match(output, /^loaded\nsluice \d/u);
});

test('where too few files may be open, the limit is raised, or a sentence says so', async () => {
  const raised = await shell('ulimit -S -n 20; exec "$0" --help');
  assert.equal(raised.code, 0, raised.output);
  const bound = await shell('ulimit -n 20; exec "$0" --help');
  // A caller with the right to raise its limit does so.
  if (bound.code !== 0) {
    assert.match(bound.output, /^START_FEW_FILES: Sluice may open 20 files here, and needs 32 to start\n/u);
    assert.equal(bound.code, 75);
  }
});

test('without a Node on the PATH, a sentence and EX_TEMPFAIL for sendmail, EX_OSERR for the rest', async () => {
  // A copy, because the checkout has a Node beside it.
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  cpSync(join(bin, 'sluice'), join(alone, 'sluice'));
  const env = { PATH: folder };
  const sentence = /^START_NO_NODE: there is no program "node" on the PATH to start Sluice with\n/u;
  const version = await run(join(alone, 'sluice'), ['version'], env);
  assert.match(version.output, sentence);
  assert.equal(version.code, 71);
  const sendmail = await run(join(alone, 'sluice'), ['sendmail', 'a@b.example'], env);
  assert.match(sendmail.output, sentence);
  assert.equal(sendmail.code, 75);
});

test('the Node that was installed with Sluice is found where there is none on the PATH', async () => {
  const installed = join(folder, 'node_modules/sluice/bin');
  mkdirSync(installed, { recursive: true });
  mkdirSync(join(folder, 'node_modules/.bin'));
  cpSync(join(bin, 'sluice'), join(installed, 'sluice'));
  writeFileSync(join(installed, 'sluice.js'), 'console.log("started", ...process.argv.slice(2));\n');
  symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));
  symlinkSync('../sluice/bin/sluice', join(folder, 'node_modules/.bin/sluice'));
  const result = await run(join(folder, 'node_modules/.bin/sluice'), ['a b', 'c'], { PATH: '/nowhere' });
  assert.deepEqual(result, { code: 0, output: 'started a b c\n' });
});

test('links to links, an empty environment and a removed folder are no trouble', async () => {
  const indirect = await run(join(folder, 'indirect'), ['version']);
  assert.match(indirect.output, /^sluice \d/u);
  const emptied = await shell('d=$(mktemp -d); cd "$d"; rmdir "$d"; exec env -i PATH="$PATH" "$0" --help');
  // The shell may print that the folder was removed.
  assert.match(emptied.output, /^Usage: sluice sendmail/mu);
  assert.equal(emptied.code, 0);
});

test('a program that cannot be loaded says so, and sendmail asks to try again', async () => {
  const broken = join(folder, 'broken');
  mkdirSync(join(broken, 'bin'), { recursive: true });
  cpSync(bin, join(broken, 'bin'), { recursive: true });
  writeFileSync(join(broken, 'package.json'), '{ "type": "module" }');
  const version = await run(join(broken, 'bin/sluice'), ['version']);
  assert.match(version.output, /^START_FAILED: cannot load Sluice: .*main\.js/u);
  assert.equal(version.code, 71);
  assert.equal((await run(join(broken, 'bin/sluice'), ['sendmail', 'a@b.example'])).code, 75);
});

test(
  'a Node that cannot be started is reported in a sentence, and sendmail asks to try again',
  { skip: old === undefined ? 'there is no older Node here' : process.platform !== 'linux' },
  async () => {
    const launcher = join(folder, 'launcher');
    const runtime = join(launcher, `node_modules/node-linux-${process.arch}/bin/node`);
    mkdirSync(dirname(runtime), { recursive: true });
    cpSync(bin, join(launcher, 'bin'), { recursive: true });
    writeFileSync(join(launcher, 'package.json'), '{ "type": "module" }');
    writeFileSync(runtime, '#!/bin/sh\n', { mode: 0o755 });
    // While a file is open for writing, the system does not execute it (ETXTBSY), and Node throws.
    const writing = openSync(runtime, 'r+');
    try {
      const version = await run(old ?? '', [join(launcher, 'bin/sluice.js'), 'version']);
      assert.match(version.output, /^RUNTIME_FAILED: cannot start \S+: spawn ETXTBSY\n$/u);
      assert.equal(version.code, 71);
      const sendmail = await run(old ?? '', [join(launcher, 'bin/sluice.js'), 'sendmail', 'a@b.example']);
      assert.match(sendmail.output, /^RUNTIME_FAILED: /u);
      assert.equal(sendmail.code, 75);
    } finally {
      closeSync(writing);
    }
  },
);

test('a user without a name is called by its number', () => {
  assert.equal(
    loginName(() => ({ username: 'anna' })),
    'anna',
  );
  const unknown = loginName(() => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  });
  assert.equal(unknown, `uid-${process.getuid?.()}`);
});

test('a session whose answers nobody reads does not end with 0 before its message is taken', async (t) => {
  const socket = join(folder, 'session.sock');
  const server = await smtpServer(socket, (command) => (command === '.' ? '452 4.3.1 full' : undefined));
  t.after(() => server.close());
  const config = join(folder, 'session.toml');
  writeFileSync(config, `hostname = "host.example.com"\nsubmission_socket = "${socket}"\n`);
  const session = 'EHLO me\\nMAIL FROM:<a@b.example>\\nRCPT TO:<c@d.example>\\nDATA\\nx\\n.\\nQUIT\\n';
  // The reader of the pipe ends before the greeting comes.
  const line = `{ printf '${session}' | "$0" -C "$1" -bs; echo "code $?" >&2; } | exec true`;
  const { output } = await run('/bin/sh', ['-c', line, link, config]);
  assert.equal(output, 'code 75\n');
});
