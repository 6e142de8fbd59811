// `sluice doctor` beside a running Sluice: it looks at its processes and asks it, and reports what is wrong with them.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { sluice } from '../cli/run.ts';

const only = ['instance', 'rights', 'files', 'memory', 'runtime'];

async function findings(configFile: string): Promise<readonly Finding[]> {
  const { stdout } = await sluice(['doctor', '--json', '-c', configFile, '--only', ...only]);
  return (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
}

/** But for notes: how much memory this machine has is not the matter here. */
const codes = (all: readonly Finding[]): string[] =>
  all.flatMap(({ code, severity }) => (severity === 'note' && code !== 'not-seen' ? [] : [code])).toSorted();

test(
  'the limits, the environment and the sockets of a running Sluice are looked at',
  { skip: process.platform !== 'linux' && 'there is no /proc' },
  async (t) => {
    const ground = Ground.of(t);
    const running = await startSluice(ground, {
      under: ['prlimit', '--nofile=600:600'],
      env: { UV_THREADPOOL_SIZE: '2' },
      config: { processes: { senders: 2 } },
    });
    const control = `${running.directory}/control.sock`;
    chmodSync(control, 0o666);
    const found = await findings(running.configFile);
    assert.deepEqual(codes(found), ['files-few', 'files-few', 'rights-control', 'runtime-threads']);
    assert.match(found.find(({ code }) => code === 'files-few')?.what ?? '', /may open 600 files/u);
    assert.equal(await running.program.stop('SIGTERM'), 0);
    assert.ok((await findings(running.configFile)).some(({ code }) => code === 'instance-stopped'));
  },
);

test('a running Sluice with which nothing is wrong has no finding', async (t) => {
  const ground = Ground.of(t);
  const running = await startSluice(ground, {
    config: { deliver: { max_connections: 50 }, receive: { max_connections: 250, memory_limit: '16MiB' } },
  });
  assert.deepEqual(codes(await findings(running.configFile)), []);
  assert.equal(await running.program.stop('SIGTERM'), 0);
});
