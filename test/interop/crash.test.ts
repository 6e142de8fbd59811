// Every kind of process crashes in every way, in a running Sluice under mail: what is kept, that it is started again, and that nothing is lost.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test, type TestContext } from 'node:test';
import { type CrashRole, crashRoles, type CrashWay } from '../../src/control/operations/crash-test.ts';
import { parseCorePattern } from '../../src/crash/core-pattern.ts';
import { type KeptCrash, readCrashes } from '../../src/crash/read-crashes.ts';
import type { CrashKind } from '../../src/crash/crash-record.ts';
import { messageIdOf, startMx } from '../../sim/mx/mx.ts';
import { holdsUntil, normal, type Personality } from '../../sim/mx/personality.ts';
import { submit } from '../../sim/mx/submitter.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { ownProcesses, type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';

interface World {
  readonly ground: Ground;
  readonly sluice: Sluice;
  readonly folder: string;
  /** Message-IDs that have arrived. */
  readonly arrived: ReadonlySet<string>;
}

async function world(
  t: TestContext,
  crash: Readonly<Record<string, string | number | boolean>>,
  { personality = normal, config = {} }: { personality?: Personality; config?: SluiceConfig } = {},
): Promise<World> {
  const ground = Ground.of(t);
  const arrived = new Set<string>();
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    personality,
    onMessage: ({ content }) => arrived.add(messageIdOf(content)),
  });
  ground.atEnd(() => mx.close());
  const directory = ground.folder('sluice');
  const users = join(directory, 'users');
  writeFileSync(users, '');
  const [smtp, pop3] = [await freePort(), await freePort()];
  const sluice = await startSluice(ground, {
    directory,
    port: smtp,
    // A heap that a test can fill.
    env: { NODE_OPTIONS: '--max-old-space-size=100' },
    config: {
      ...ownProcesses,
      queue: { retry: ['1s'] },
      deliver: { address_rest: ['1s'] },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      // So that there are a keys process and one for POP3.
      directory: [{ name: 'users', kind: 'passwd', path: users }],
      listen: [{ address: `127.0.0.1:${smtp}` }, { address: `127.0.0.1:${pop3}`, protocol: 'pop3' }],
      mailboxes: { path: join(directory, 'mail/${user}') },
      crash,
      ...config,
    },
  });
  return { ground, sluice, folder: join(sluice.spool, 'crash'), arrived };
}

/** Hands in messages. @returns the Message-IDs of those that were answered with 250 */
async function bring({ sluice }: World, name: string, count: number): Promise<readonly string[]> {
  const { accepted } = await submit(
    Array.from({ length: count }, (_, index) => ({
      id: `${name}.${index}@crash.test`,
      from: 'sender@client.test',
      to: ['someone@crash.test'],
      sizeBytes: 500,
    })),
    { address: '127.0.0.1', port: sluice.port, connections: 4, perConnection: 10, persistent: true },
  );
  return [...accepted].map((key) => key.split(' ')[0] ?? '');
}

async function crashOf(sluice: Sluice, role: CrashRole, by: CrashWay): Promise<number> {
  const pid = sluice.pidOf(role);
  const request = { operation: 'crash.test', role, index: 0, by, isMeant: true } as const;
  // The control process itself may be gone before its answer arrives.
  await sluice.ask(request).catch((error: unknown) => {
    if (role !== 'control') throw error;
  });
  return pid;
}

/** Has all processes of roles crash at once; the one that passes the request on comes last. */
async function crashAll({ sluice, folder }: World, by: CrashWay): Promise<ReadonlyMap<string, KeptCrash>> {
  const pids = new Map<string, number>();
  for (const role of crashRoles) pids.set(role, await crashOf(sluice, role, by));
  return until(`all processes have crashed by ${by}, and others run`, () => {
    const kept = readCrashes(folder).filter(({ record }) => record.restartedAfterMs !== undefined);
    const found = [...pids].map(
      ([role, pid]) => [role, kept.find(({ record }) => record.pid === pid)] as const,
    );
    return found.every(([, crash]) => crash !== undefined) && new Map(found as [string, KeptCrash][]);
  });
}

const kinds: Readonly<Record<CrashWay, CrashKind>> = {
  segv: 'signal',
  abort: 'signal',
  kill: 'signal',
  uncaught: 'error',
  memory: 'memory',
  loop: 'stalled',
};

async function proveAll(t: TestContext, ways: readonly CrashWay[], unresponsiveAfter = '1m'): Promise<void> {
  const made = await world(t, { unresponsive_after: unresponsiveAfter, keep: 50 });
  const { sluice, folder, arrived } = made;
  const accepted: string[] = [];
  for (const by of ways) {
    accepted.push(...(await bring(made, by, 20)));
    const crashes = await crashAll(made, by);
    for (const role of crashRoles) {
      const crash = crashes.get(role);
      assert.ok(crash);
      const { record } = crash;
      assert.equal(record.kind, kinds[by], `the ${role} by ${by}: ${JSON.stringify(record)}`);
      assert.equal(record.process, role);
      const hasReport = by === 'uncaught' || by === 'memory';
      assert.equal(record.report !== undefined, hasReport, `${role} by ${by}: ${record.reportMissing}`);
      if (record.report === undefined) continue;
      const path = join(folder, record.report);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const report = readFileSync(path, 'utf8');
      assert.match(report, by === 'memory' ? /"OOMError"/u : /an error that nothing catches/u);
      assert.doesNotMatch(report, /NODE_OPTIONS|127\.0\.0\.1/u);
    }
  }
  accepted.push(...(await bring(made, 'last', 20)));
  assert.ok(accepted.length >= 20 * (ways.length + 1));
  await until('every message that was answered with 250 has arrived', () =>
    accepted.every((id) => arrived.has(id)),
  );
  const text = await tell(made);
  for (const role of crashRoles) assert.match(text, new RegExp(`the ${role} process \\(\\d+, after`, 'u'));
  assert.ok(sluice.program.isRunning);
}

/** What `sluice doctor --crash` says. */
function tell({ ground, sluice }: World): Promise<string> {
  const args = [sluiceBin, 'doctor', '--crash', '--config', sluice.configFile];
  return ground.run(process.execPath, args, { codes: [1] });
}

describe('a process that crashes', { concurrency: 2 }, () => {
  it('is started again after a signal and when it stands still, and no mail is lost', async (t) =>
    proveAll(t, ['segv', 'abort', 'loop'], '15s'));
  it('is started again after a kill, an error and without memory, and no mail is lost', async (t) =>
    proveAll(t, ['kill', 'uncaught', 'memory']));
});

/** Mail waits for its answer without end. */
const never = new Promise<void>(() => undefined);

test('a message that was in hand at two crashes is set aside until it is released', async (t) => {
  const made = await world(t, { set_aside_after: 2 }, { personality: holdsUntil(never, 0) });
  const { sluice, folder } = made;
  await bring(made, 'suspect', 1);
  for (const time of [1, 2]) {
    await until('the sender has the message in hand', async () =>
      (await sluice.cli('queue', 'list')).includes('active'),
    );
    const pid = await crashOf(sluice, 'sender', time === 1 ? 'segv' : 'uncaught');
    const crash = await until('the crash is kept', () =>
      readCrashes(folder).find(({ record }) => record.pid === pid && record.restartedAfterMs !== undefined),
    );
    assert.equal(crash.record.inHand[0]?.step, 'deliver');
  }
  const list = await until('the message is held', async () => {
    const text = await sluice.cli('queue', 'list', '--state', 'held');
    return text.includes('set aside: it was in hand when processes crashed 2 times') && text;
  });
  const id = /^(\S+) .*held/mu.exec(list)?.[1] ?? '';
  assert.match(await tell(made), new RegExp(`In hand +deliver ${id} `, 'u'));
  assert.match(await tell(made), new RegExp(`Set aside +${id}: held until sluice queue release`, 'u'));
  await until('the trouble is told', async () =>
    (await sluice.cli('status', '--json')).includes('"crash:mail"'),
  );
  // The reason is known after a crash of the manager, too.
  await crashOf(sluice, 'manager', 'kill');
  await until('the new manager knows why', async () =>
    (await sluice.cli('queue', 'list', '--state', 'held').catch(() => '')).includes('set aside:'),
  );
  await sluice.cli('queue', 'release', id);
  await until('it is tried again', async () => (await sluice.cli('queue', 'list')).includes('active'));
});

test('a crash of the supervisor itself is told at the next start', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('sluice');
  // Node has this hook for programs that are loaded first; it stands for a fault of the supervisor.
  const fault = join(directory, 'fault.mjs');
  writeFileSync(
    fault,
    "if (process.argv.includes('serve')) process.on('SIGUSR2', () => setImmediate(() => { throw new Error('a fault'); }));\n",
  );
  const first = await startSluice(ground, {
    directory,
    config: ownProcesses,
    env: { NODE_OPTIONS: `--import ${fault}` },
  });
  const pid = first.program.pid;
  process.kill(pid, 'SIGUSR2');
  await first.program.ended;
  const second = await startSluice(ground, { directory, config: ownProcesses });
  const [crash] = readCrashes(join(second.spool, 'crash'));
  assert.deepEqual(
    [crash?.record.process, crash?.record.pid, crash?.record.kind, crash?.record.words],
    ['supervisor', pid, 'error', 'Error: a fault'],
  );
  await second.logged(({ msg }) => String(msg).includes(`the supervisor process ${pid} crashed at`));
});

test('crash-test does nothing without --yes, and else proves each step', async (t) => {
  const made = await world(t, { cores: true });
  const { ground, sluice, folder } = made;
  const args = [sluiceBin, 'crash-test', 'sender', '--config', sluice.configFile];
  const before = sluice.pidOf('sender');
  const refusal = await ground.run(process.execPath, args, { codes: [1] });
  assert.match(refusal, /Add --yes/u);
  assert.equal(sluice.pidOf('sender'), before);
  const pattern = parseCorePattern(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), false);
  const out = await ground.run(process.execPath, [...args, '--yes'], { codes: [0, 1] });
  for (const step of ['ended', 'report', 'restarted', 'listening', 'manager', 'doctor'])
    assert.match(out, new RegExp(`^ok +${step} `, 'mu'));
  if (pattern.kind !== 'file' || pattern.isAbsolute) {
    t.diagnostic('cores are not looked at: kernel.core_pattern of this machine puts them elsewhere');
    return;
  }
  assert.match(out, /^ok +core +written: /mu);
  const [crash] = readCrashes(folder);
  assert.ok(crash?.record.core !== undefined && existsSync(crash.record.core));
  assert.equal(statSync(crash.record.core).mode & 0o777, 0o600);
});
