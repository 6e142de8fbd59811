// Programs that end in other ways than by an exit code: by each signal, without reading their input, and with many children.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixture } from '../fixture.ts';
import { deliver, folderFor, gone, pipeDefaults, runScript } from './pipe-fixture.ts';

/** Those that end a process, of POSIX. */
const signals = ['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2'];
const more = ['PIPE', 'ALRM', 'TERM', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'SYS'];

test('whichever signal ends a program, its mail waits, and the reason names the signal', async (t) => {
  const names = [...signals, ...more];
  const made = await fixture(t);
  const command = ['/bin/sh', '-c', 'ulimit -c 0; kill -s "$1" $$', 'sh', '${user}'];
  const results = await deliver(
    made,
    { ...pipeDefaults, command },
    { to: names.map((name) => `${name}@to.test`) },
  );
  assert.deepEqual(
    results.map(({ result, error }) => `${result} ${error}`),
    names.map((name) => `tempfail 451 4.3.0 /bin/sh was ended by SIG${name}`),
  );
});

test('a program need not read the message', async (t) => {
  // eslint-disable-next-line @typescript-eslint/require-await -- the pieces are there
  const pieces = async function* () {
    yield Buffer.from('Subject: x\r\n\r\n');
    for (let at = 0; at < 64; at++) yield Buffer.alloc(64 * 1024, 'x');
  };
  for (const script of ['exec <&-; exit 0', 'exit 0', 'head -c 1 > /dev/null'])
    assert.deepEqual(await runScript(t, script, {}, { pieces }), { recipient: 0, result: 'delivered' });
  const refused = await runScript(t, 'exec <&-; exit 67', {}, { pieces });
  assert.equal(refused.result, 'permfail');
});

test('children and their children end with a program that is ended, however many they are', async (t) => {
  const file = join(folderFor(t), 'pids');
  const script = `for each in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sh -c 'sleep 600 & echo $! >> "$1"; sleep 600 & echo $! >> "$1"; echo $$ >> "$1"; wait' sh "$1" &
done
until [ "$(wc -l < "$1")" -eq 60 ]; do :; done
exec yes`;
  const { result, error } = await runScript(t, script, { args: [file] });
  assert.equal(result, 'tempfail');
  assert.match(String(error), /printed more than 4096 bytes/u);
  const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number);
  assert.equal(pids.length, 60);
  for (const pid of pids) await gone(pid);
});
