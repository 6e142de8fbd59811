// `sluice spool backup` and `restore` as programs, on a Sluice under load. The books are kept outside: when each message was
// answered 250, when it arrived, and what arrives after the restore.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite, test, type TestContext } from 'node:test';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { type Mx, startMx } from '../../sim/mx/mx.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { envelopeFor, writerDefaults } from '../spool/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice, type RunResult } from './run.ts';

interface Facts {
  readonly beganAtMs: number;
  readonly consistentAtMs: number;
  readonly endedAtMs: number;
  readonly messages: number;
}

/** Sluice, with mail that goes at once and mail that stays, and the books of both. */
interface LoadOptions {
  readonly connections?: number;
  /** Ends the load early. */
  readonly isOver?: () => boolean;
}

interface World {
  readonly ground: Ground;
  readonly running: Sluice;
  /** Unix ms at which each message was answered 250. */
  readonly accepted: ReadonlyMap<string, number>;
  /** Unix ms at which each message arrived. */
  readonly arrived: ReadonlyMap<string, number>;
  /** Sends messages of this number on, as many as `count`, or until `isOver` says so. */
  load(first: number, count: number, options?: LoadOptions): Promise<void>;
  spool(...args: string[]): Promise<RunResult>;
}

const segments = { segment_size: '1MiB', reserve: '0B' };

function configFor(goes: Mx, stays: number): SluiceConfig {
  return {
    receive: { relay_networks: ['127.0.0.0/8'], large_message: '64KiB' },
    queue: segments,
    route: [
      { domain: ['go.test'], relay: [`127.0.0.1:${goes.port}`] },
      { domain: ['stay.test'], relay: [`127.0.0.1:${stays}`] },
    ],
  };
}

/** A destination that tells the Message-ID of each message that has arrived. */
async function mxFor(ground: Ground, onArrival: (id: string) => void): Promise<Mx> {
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    onMessage: ({ content }) =>
      onArrival(/^Message-ID: <([^>]+)>/m.exec(content.toString('latin1'))?.[1] ?? ''),
  });
  ground.atEnd(() => mx.close());
  return mx;
}

async function world(t: TestContext): Promise<World> {
  const ground = Ground.of(t);
  const arrived = new Map<string, number>();
  const goes = await mxFor(ground, (id) => void arrived.set(id, Date.now()));
  const running = await startSluice(ground, { config: configFor(goes, 9) });
  const accepted = new Map<string, number>();
  const load = async (
    first: number,
    count: number,
    { connections = 8, isOver = () => false }: LoadOptions = {},
  ): Promise<void> => {
    const submissions = function* (): Generator<Submission> {
      for (let index = 0; index < count && !isOver(); index++) {
        yield {
          id: `m${first + index}@client.test`,
          from: 'a@client.test',
          to: [index % 4 === 0 ? 'b@stay.test' : 'b@go.test'],
          // One of a hundred is large, and has a file of its own.
          sizeBytes: index % 100 === 0 ? 100_000 : 3_000,
        };
      }
    };
    await submit(submissions(), {
      address: '127.0.0.1',
      port: running.port,
      connections,
      onAccepted: ({ id }) => accepted.set(id, Date.now()),
    });
  };
  const spool = (...args: string[]): Promise<RunResult> =>
    sluice(['spool', ...args, '--config', running.configFile]);
  return { ground, running, accepted, arrived, load, spool };
}

/** Restores a backup to a new instance that delivers everything, and returns how often each message arrives. */
async function arrivalsAfterRestore({ ground }: World, backup: string): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  const all = await mxFor(ground, (id) => void times.set(id, (times.get(id) ?? 0) + 1));
  const directory = ground.folder(`restored-${readdirSync(ground.directory).length}`);
  const configFile = join(directory, 'first.toml');
  writeFileSync(configFile, `spool = ${JSON.stringify(join(directory, 'spool'))}\n`);
  const restored = await sluice(['spool', 'restore', backup, '--deliver', '--config', configFile]);
  assert.deepEqual([restored.code, restored.stderr], [0, ''], restored.stderr);
  const { stdout } = await sluice(['spool', 'check', '--config', configFile]);
  assert.match(stdout, /nothing is damaged\.\n$/);
  const second = await startSluice(ground, { directory, config: configFor(all, all.port) });
  await second.cli('queue', 'retry', '--all');
  await until('the restored queue is empty', async () => {
    const { stdout: queue } = await sluice(['queue', 'list', '--config', second.configFile]);
    return queue.startsWith('Nothing waits');
  });
  return times;
}

suite('a backup of a running Sluice', () => {
  test('has every message that waited when it began and was not finished when it ended, and each arrives once', async (t) => {
    const here = await world(t);
    await here.load(0, 400);
    const backup = join(here.ground.directory, 'backup');
    let isOver = false;
    // As long as the backup takes, and no faster than it copies.
    const loading = here.load(10_000, Infinity, { connections: 2, isOver: () => isOver });
    const asked = Date.now();
    const { code, stdout, stderr } = await here.spool('backup', backup, '--rate', '50MB', '--json');
    const ended = Date.now();
    isOver = true;
    await loading;
    assert.deepEqual([code, stderr], [0, ''], stderr);
    const facts = JSON.parse(stdout) as Facts;
    assert.ok(facts.beganAtMs >= asked && facts.consistentAtMs <= facts.endedAtMs);
    const checked = await sluice(['spool', 'check', backup]);
    assert.match(checked.stdout, new RegExp(`^${facts.messages} messages wait .*nothing is damaged\\.\n$`));
    const { accepted, arrived } = here;
    const times = await arrivalsAfterRestore(here, backup);
    const promised = [...accepted].filter(
      ([id, at]) => at < facts.consistentAtMs && (arrived.get(id) ?? Infinity) > ended,
    );
    assert.ok(promised.length >= 100 && [...accepted.values()].some((at) => at > facts.consistentAtMs));
    assert.deepEqual(
      promised.filter(([id]) => times.get(id) !== 1),
      [],
    );
    // Nothing is sent twice, nothing that nobody sent, and nothing that was finished a second before the time of the backup.
    assert.deepEqual(
      [...times].filter(([id, count]) => count !== 1 || !accepted.has(id)),
      [],
    );
    const repeated = [...times.keys()].filter(
      (id) => (arrived.get(id) ?? Infinity) < facts.consistentAtMs - 1_000,
    );
    assert.deepEqual(repeated, []);
  });

  test('that is killed leaves no backup, and the next one with this name removes what is left', async (t) => {
    const here = await world(t);
    await here.load(0, 150);
    const backup = join(here.ground.directory, 'backup');
    const slow = here.ground.start('backup', process.execPath, [
      sluiceBin,
      'spool',
      'backup',
      backup,
      '--rate',
      '25kB',
      '--config',
      here.running.configFile,
    ]);
    const left = join(`${backup}.incomplete`, 'segments');
    await until('some of it is written', () => existsSync(left) && readdirSync(left).length > 0);
    const busy = await here.spool('backup', backup);
    assert.match(busy.stderr, /^COPY_RUNNING: /);
    slow.kill('SIGKILL');
    await slow.ended;
    assert.ok(!existsSync(backup) && existsSync(left));
    const refused = await sluice([
      'spool',
      'restore',
      `${backup}.incomplete`,
      '--held',
      '--config',
      here.running.configFile,
    ]);
    assert.match(refused.stderr, /^BACKUP_INCOMPLETE: /);
    const second = await here.spool('backup', backup);
    assert.equal(second.code, 0, second.stderr);
    assert.ok(!existsSync(`${backup}.incomplete`) && existsSync(join(backup, 'SHA256SUMS')));
    const again = await here.spool('backup', backup);
    assert.match(again.stderr, /^COPY_EXISTS: /);
    const cancelled = here.ground.start('backup', process.execPath, [
      sluiceBin,
      'spool',
      'backup',
      `${backup}-2`,
      '--rate',
      '25kB',
      '--config',
      here.running.configFile,
    ]);
    const begun = join(`${backup}-2.incomplete`, 'segments');
    await until('some of it is written', () => existsSync(begun) && readdirSync(begun).length > 0);
    cancelled.signal('SIGINT');
    assert.equal(await cancelled.ended, 130);
    assert.ok(!existsSync(`${backup}-2.incomplete`) && !existsSync(`${backup}-2`));
  });
});

/** A stopped Sluice with messages in its spool, and the program run on it. */
async function stopped(t: TestContext): Promise<{
  readonly folder: string;
  readonly ids: readonly string[];
  run(...args: string[]): Promise<RunResult>;
}> {
  const { path: folder } = temporaryFolder(t, 'backup');
  const config = join(folder, 'sluice.toml');
  writeFileSync(config, `spool = ${JSON.stringify(join(folder, 'spool'))}\n`);
  const writer = await openSpoolWriter({ ...writerDefaults, directory: join(folder, 'spool') });
  const ids = [writer.newQueueId(), writer.newQueueId(), writer.newQueueId()] as const;
  const content = [Buffer.from('Subject: x\r\n\r\n')];
  for (const id of ids.slice(0, 2))
    await writer.append({ envelope: envelopeFor(id, ['a@x.test', 'b@x.test']), content });
  const large = await writer.openLarge(ids[2]);
  await large.write(Buffer.alloc(5_000, 65));
  await large.commit(envelopeFor(ids[2]));
  await writer.close();
  const run = (...args: string[]): Promise<RunResult> => sluice([...args, '--config', config]);
  return { folder, ids, run };
}

suite('a backup of a stopped Sluice', { concurrency: 2 }, () => {
  test('of which a folder is gone is rescued with the exit code of damage', async (t) => {
    const { folder, run } = await stopped(t);
    renameSync(join(folder, 'spool', 'segments'), join(folder, 'gone'));
    const { code, stdout } = await run('spool', 'rescue', join(folder, 'rescued'));
    assert.match(stdout, /^segments: the folder cannot be read/m);
    assert.equal(code, 65);
  });

  test('of which a file was changed is not restored, and the check names the file', async (t) => {
    const { folder, ids, run } = await stopped(t);
    const backup = join(folder, 'backup');
    assert.equal((await run('spool', 'backup', backup)).code, 0);
    assert.match((await run('spool', 'restore', backup, '--held')).stderr, /^COPY_EXISTS: /);
    const file = join(backup, 'large', ids[2] ?? '');
    const bytes = readFileSync(file);
    bytes.writeUInt8(66, 100);
    writeFileSync(file, bytes);
    const { code, stdout } = await sluice(['spool', 'check', backup]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^large/${ids[2] ?? ''}: it is not as it was written`, 'm'));
    renameSync(join(folder, 'spool'), join(folder, 'old'));
    assert.match((await run('spool', 'restore', backup)).stderr, /^RESTORE_CHOICE: /);
    assert.match((await run('spool', 'restore', backup, '--held', '--deliver')).stderr, /^RESTORE_CHOICE: /);
    assert.match((await run('spool', 'restore', backup, '--held')).stderr, /^BACKUP_DAMAGED: .*large/);
    assert.deepEqual(readdirSync(folder).sort(), ['backup', 'old', 'sluice.toml']);
  });

  test('is restored without the recipients that are done by a log, and held', async (t) => {
    const { folder, ids, run } = await stopped(t);
    const backup = join(folder, 'backup');
    assert.equal((await run('spool', 'backup', backup)).code, 0);
    renameSync(join(folder, 'spool'), join(folder, 'old'));
    const line = (event: string, id: number, to: string): string =>
      `${JSON.stringify({ level: 'info', event, id: ids[id], to })}\n`;
    const log = join(folder, 'log');
    writeFileSync(
      log,
      `${line('delivered', 0, 'a@x.test')}Nov 29 host sluice: ${line('bounced', 1, 'a@x.test')}${line('removed', 1, 'b@x.test')}${line('deferred', 2, 'bob@example.net')}{"event":"delivered","id":`,
    );
    const missing = await run('spool', 'restore', backup, '--held', '--log', join(folder, 'none'));
    assert.match(missing.stderr, /^RESTORE_LOG: /);
    const pretty = join(folder, 'pretty');
    writeFileSync(pretty, '14:03:02.151 delivered 5Xq2 <a@example.com> -> <a@x.test>\n');
    const other = await run('spool', 'restore', backup, '--held', '--log', pretty);
    assert.match(other.stderr, /^RESTORE_LOG: .*none of its lines is JSON/);
    const packed = gzipSync(readFileSync(log));
    const cut = join(folder, 'cut.gz');
    writeFileSync(cut, packed.subarray(0, -10));
    assert.match((await run('spool', 'restore', backup, '--held', '--log', cut)).stderr, /^RESTORE_LOG: /);
    const rotated = join(folder, 'log-20261129T165800Z.gz');
    writeFileSync(rotated, packed);
    const { stdout } = await run('spool', 'restore', backup, '--held', '--json', '--log', rotated);
    const told = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([told['messages'], told['recipients'], told['leftOut']], [2, 2, 3]);
    const listed = await run('queue', 'list');
    assert.match(listed.stdout, new RegExp(`${ids[0] ?? ''} .* held .* b@x.test`));
    assert.match(listed.stdout, /^2 recipients$/m);
  });
});
