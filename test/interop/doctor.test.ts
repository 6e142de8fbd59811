// `sluice doctor` beside real programs: it looks at the processes of a running Sluice and asks it, and asks a name server that validates.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSignedDns, withoutSignedDns } from '../../sim/neighbours/signed-dns.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { sluice } from '../cli/run.ts';

const only = ['instance', 'rights', 'files', 'memory', 'runtime'];

async function findings(configFile: string, kinds: readonly string[] = only): Promise<readonly Finding[]> {
  const { stdout } = await sluice(['doctor', '--json', '-c', configFile, '--only', ...kinds]);
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

test(
  'a validating unbound, and zones in which all is published, have no finding',
  { skip: withoutSignedDns() },
  async (t) => {
    const ground = Ground.of(t);
    const { port } = await startSignedDns(ground, {
      signed: {
        arpa: '25.0.18.198.in-addr PTR mail.example.test.\n26.0.18.198.in-addr PTR other.example.test.\n',
        'example.test': '@ MX 10 mail.example.test.\nmail A 198.18.0.25\nother A 198.18.0.99\n',
      },
      hashed: [],
      unsigned: { com: '' },
    });
    const file = join(ground.folder('config'), 'sluice.toml');
    const configure = (more: string): void =>
      writeFileSync(
        file,
        `hostname = "mail.example.test"\n[dns]\nservers = ["127.0.0.1:${port}"]\nvalidating = true\n[receive]\nrelay_domains = ["example.test"]\n[[source]]\naddress = "198.18.0.25"\n${more}`,
      );
    // How fast an answer comes is a matter of this machine.
    const found = async () =>
      (await findings(file, ['dns', 'names', 'domains'])).filter(({ code }) => code !== 'dns-slow');
    configure('');
    assert.deepEqual(await found(), []);
    configure('[[source]]\naddress = "198.18.0.26"\n[[source]]\naddress = "198.18.0.27"\n');
    assert.deepEqual(codes(await found()), [
      'names-helo-other',
      'names-helo-other',
      'names-reverse-missing',
      'names-reverse-unconfirmed',
    ]);
  },
);
