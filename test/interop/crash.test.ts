// Every kind of process crashes in every way, in a running Sluice: what is kept, that it is started again, and that mail goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeptCrash } from '../../src/crash/crash-folder.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';

async function crashesOf(sluice: Sluice): Promise<readonly KeptCrash[]> {
  const text = await sluice.cli('doctor', '--crash', '--json').catch((error: unknown) => String(error));
  const { crashes } = JSON.parse(text.slice(text.indexOf('{'))) as { readonly crashes: readonly KeptCrash[] };
  return crashes;
}

test('every role that is killed by a signal is started again, and doctor --crash names it', async (t) => {
  const ground = Ground.of(t);
  const sluice = await startSluice(ground);
  for (const role of ['receiver', 'sender', 'manager', 'control']) {
    const pid = sluice.pidOf(role);
    process.kill(pid, 'SIGSEGV');
    const crash = await until(`the crash of the ${role} is kept, and another one runs`, async () =>
      (await crashesOf(sluice)).find(
        ({ record }) => record.pid === pid && record.restartedAfterMs !== undefined,
      ),
    );
    assert.ok(crash);
    assert.deepEqual(
      [crash.record.process, crash.record.kind, crash.record.signal],
      [role, 'signal', 'SIGSEGV'],
    );
  }
});
