// `sluice simulate` as a person runs it: tables, JSON, and mistakes with their places and exit codes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SimulationReport } from '../../src/simulate/report.ts';
import { sluice } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-simulate-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const config = file(
  'sluice.toml',
  '[[tenant]]\nname = "shop"\nsender = ["shop.example"]\n[[limit]]\nper = "domain"\nconnections = 3\n',
);
const sends = file(
  'sends.jsonl',
  '{"to":"big.example","count":300}\n{"from":"a@shop.example","to":["b@big.example","c@small.example"]}\n',
);
const destinations = file(
  'destinations.toml',
  '[[destination]]\ndomain = ["big.example"]\nlatency = "50ms"\nban = { connections = 2 }\n',
);

test('people get a summary, a row for each domain, and one for each tenant', async () => {
  const { code, stdout, stderr } = await sluice([
    'simulate',
    '--config',
    config,
    '--workload',
    sends,
    '--destinations',
    destinations,
  ]);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.match(stdout, /^Messages +301 to 302 recipients in 2 domains$/mu);
  assert.match(stdout, /^Outcome +302 delivered; finished after /mu);
  assert.match(
    stdout,
    /^DOMAIN +RECIPIENTS +FIRST +LAST +FINISHED +RATE +CONNECTIONS +PUT OFF +BANS +WAITED FOR$/mu,
  );
  assert.match(stdout, /^big\.example +301 /mu);
  assert.match(stdout, /^small\.example +1 /mu);
  assert.match(stdout, /^TENANT +MESSAGES +DELIVERED +MEDIAN DELAY +99 % +WORST$/mu);
  assert.match(stdout, /^shop +1 +2 /mu);
});

test('--json has everything, and the same run twice is the same', async () => {
  const args = ['simulate', '--generate', 'messages=2000,domains=30,tenants=2', '--seed', '5', '--json'];
  const [first, second] = [await sluice(args), await sluice(args)];
  assert.equal(first.code, 0);
  assert.equal(first.stdout, second.stdout);
  const report = JSON.parse(first.stdout) as SimulationReport;
  assert.deepEqual([report.messages, report.delivered, report.left], [2_000, 2_000, 0]);
  assert.equal(
    report.domains.reduce((sum, { recipients }) => sum + recipients, 0),
    2_000,
  );
  assert.deepEqual(report.tenants.map(({ name }) => name).toSorted(), ['tenant1', 'tenant2']);
});

test('schedules hold on virtual time: windows where clocks change, and curves', async () => {
  const scheduled = file(
    'scheduled.toml',
    `[queue]
retry_jitter = 0
[[schedule]]
name = "office"
domain = ["office.example"]
windows = ["Mon-Fri 08:00-18:00"]
zone = "Europe/Berlin"
[[schedule]]
name = "curve"
domain = ["dead.example"]
retry = { first = "1m", factor = 2, most = "1h" }
lifetime = "4h"
`,
  );
  const workload = file(
    'scheduled.jsonl',
    '{"to":"office.example","count":3}\n{"to":"dead.example"}\n{"to":"other.example"}\n',
  );
  const dead = file('dead.toml', '[[destination]]\ndomain = ["dead.example"]\ndefers = 1\n');
  const args = ['--config', scheduled, '--workload', workload, '--destinations', dead];
  // In the weekend clocks go forward: from Friday 18:00 to Monday 08:00 there are 61 hours.
  const { code, stdout, stderr } = await sluice([
    'simulate',
    ...args,
    '--start',
    '2026-03-27T18:00[Europe/Berlin]',
    '--json',
  ]);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const { deferrals, delivered, domains, failed } = JSON.parse(stdout) as SimulationReport;
  assert.deepEqual([delivered, failed], [4, 1]);
  // At 0, 1, 3, 7, 15, 31, 63 minutes, then every hour, and a last one before the end of the lifetime.
  assert.equal(deferrals, 10);
  const office = domains.find(({ name }) => name === 'office.example');
  const hour = 3_600_000;
  assert.equal(Math.floor(Number(office?.firstDeliveredMs) / hour), 61);
  assert.equal(office?.boundBy[0]?.by, 'windows of office');
});

test('rows by site, all of them or the biggest; a workload from standard input', async () => {
  const args = ['simulate', '--generate', 'messages=500,domains=40,known=no'];
  const few = await sluice(args);
  assert.match(few.stdout, /^20 more domains: --all shows them, --json has everything\.$/mu);
  const all = await sluice([...args, '--all', '--by', 'site']);
  assert.match(all.stdout, /^SITE +DOMAINS +RECIPIENTS /mu);
  assert.match(all.stdout, /^mx:mx\.domain40\.example:25 +1 /mu);
  const piped = await sluice(['simulate', '--workload', '-'], {
    input: '{"to":"a.example"}\n{"to":"b.example"}',
  });
  assert.match(piped.stdout, /^Messages +2 to 2 recipients in 2 domains$/mu);
});

const mistakes: readonly (readonly [string, string[], number, RegExp])[] = [
  ['nothing to send', [], 64, /^SIMULATION_USAGE: It is not given which mail to send\./u],
  [
    'two workloads',
    ['--workload', sends, '--generate', ''],
    64,
    /^SIMULATION_USAGE: --workload and --generate/u,
  ],
  [
    'no such file',
    ['--workload', '/nowhere'],
    1,
    /^SIMULATION_FILE: Reading \/nowhere: it does not exist\./u,
  ],
  ['a folder', ['--workload', folder], 1, /^SIMULATION_FILE: Reading .*: it is a folder\./u],
  ['no such destinations', ['--generate', '', '--destinations', '/nowhere'], 1, /^SIMULATION_FILE: /u],
  [
    'a bad seed',
    ['--generate', '', '--seed', 'x'],
    64,
    /^SIMULATION_USAGE: --seed "x" is not a whole number/u,
  ],
  [
    'a bad time',
    ['--generate', '', '--until', 'x'],
    64,
    /^SIMULATION_USAGE: --until: "x" is not a duration/u,
  ],
  ['a bad table', ['--generate', '', '--by', 'x'], 64, /^SIMULATION_USAGE: --by "x"/u],
  [
    'a bad line',
    ['--workload', file('bad.jsonl', '{"to":"a.example"}\n{')],
    1,
    /^SIMULATION_INPUT: .*bad\.jsonl:2: /u,
  ],
  [
    'a bad destination',
    ['--generate', '', '--destinations', file('bad.toml', '[[destination]]\nx = 1\n')],
    1,
    /^SIMULATION_INPUT: Reading the destinations:\n.*bad\.toml:2:1: /u,
  ],
];
for (const [what, args, exitCode, reason] of mistakes) {
  test(`${what} is reported as a mistake`, async () => {
    const { code, stdout, stderr } = await sluice(['simulate', '--config', config, ...args]);
    assert.equal(stdout, '');
    assert.match(stderr, reason);
    assert.equal(code, exitCode);
  });
}
