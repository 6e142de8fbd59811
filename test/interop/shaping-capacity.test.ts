// Too few open files: where the system allows fewer than max_connections needs, Sluice warns, opens no more connections than
// it can carry, and still delivers everything.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';
import { ShapedInternet } from './shaped-internet.ts';

/** A process keeps 100 of its 400 files for itself. */
const openFiles = 400;
const room = 300;

const withoutPrlimit = existsSync('/usr/bin/prlimit')
  ? false
  : 'prlimit is not installed (Debian: util-linux)';

test(
  'two senders with 400 files each open 600 connections and not 1,000, and no attempt fails',
  { skip: withoutPrlimit },
  async (t) => {
    const ground = Ground.of(t);
    const internet = new ShapedInternet([{ name: 'many', sites: 40 }], new Map());
    await internet.start(ground);
    const { census, reach } = internet;
    const sluice = await startSluice(ground, {
      under: ['prlimit', `--nofile=${openFiles}`],
      config: {
        dns: reach.dns,
        processes: { senders: 2 },
        deliver: { port: reach.port, ipv6: false, max_connections: 1_000, idle_connection: '100ms' },
        receive: { max_connections: 1_000 },
        adapt: { enabled: false },
        limit: ['domain', 'site', 'ip'].map((per) => ({ per, connections: 'unlimited' })),
      },
    });
    const domains = internet.domains('many');
    const submissions: Submission[] = Array.from({ length: 1_500 }, (_, i) => ({
      id: `${i}@client.test`,
      from: 'a@client.test',
      to: [`u@${domains[i % domains.length]}`],
      sizeBytes: 300,
    }));
    await submit(submissions, { address: '127.0.0.1', port: sluice.port, connections: 20 });
    await census.reached(2 * room);
    internet.open();
    assert.match(await sluice.cli('status'), /^Warning +CAPACITY_OPEN_FILES: /mu);
    await internet.arrived(submissions.length);
    await until('all connections are closed', () => census.connections === 0);
    assert.equal(census.maxConnections, 2 * room);
    assert.equal(internet.duplicates, 0);

    const events = await sluice.whole();
    const warnings = events.filter(({ level }) => level === 'warn').map((event) => JSON.stringify(event));
    assert.ok(
      warnings.some(
        (text) => text.includes('CAPACITY_OPEN_FILES') && text.includes('no more than 600 connections'),
      ),
      warnings.join('\n'),
    );
    assert.ok(warnings.some((text) => text.includes('CAPACITY_RECEIVER_FILES')));
    // No attempt failed, and no address rests.
    assert.deepEqual(
      events.filter(({ event }) => event === 'deferred' || event === 'bounced'),
      [],
    );
  },
);

test('sluice check gives the same warning before a start', { skip: withoutPrlimit }, async (t) => {
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, {
    config: { ...ownProcesses, deliver: { max_connections: 60_000 } },
  });
  const check = [process.execPath, sluiceBin, 'check', sluice.configFile];
  const said = await ground.run('prlimit', [`--nofile=${openFiles}`, ...check]);
  assert.match(
    said,
    /^warning: .*CAPACITY_OPEN_FILES: deliver\.max_connections is 60000, .* may open 400 files/mu,
  );
  assert.match(said, /LimitNOFILE=61000/u);
});
