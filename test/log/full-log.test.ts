// A log that cannot be written: the disk is full, the folder is not there, nobody reads. Lines stay whole, lost
// lines are reported, and the program goes on and ends as usual.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createInterface } from 'node:readline';
import { LineWriter } from '../../src/log/line-writer.ts';
import { LogTarget } from '../../src/log/log-target.ts';
import { PendingLines } from '../../src/log/pending-lines.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const prlimit = '/usr/bin/prlimit';
const withoutPrlimit = existsSync(prlimit) ? false : 'prlimit is not installed (Debian: util-linux)';
const sources = new URL('../../src/', import.meta.url).href;
const droppedLine = (count: number): string => `${count} lines were dropped\n`;

/** A program with a logger, and its troubles. */
function program(body: string): string[] {
  return [
    '--input-type=module',
    '-e',
    `const { createLogger } = await import('${sources}log/logger.ts');
     const { Troubles } = await import('${sources}stats/troubles.ts');
     const troubles = new Troubles();
     const [, name, path] = process.argv;
     ${body}`,
  ];
}

describe('a log file on a disk that is full', { skip: withoutPrlimit }, () => {
  it('has every line, whole, of each process, once there is room', async (t) => {
    const folder = temporaryFolder(t, 'full-log');
    const path = join(folder.path, 'shared.log');
    const body = program(`
      troubles.onChanged((list) => console.log(list.length > 0 ? 'full' : 'works'));
      const log = createLogger({ level: 'info', format: 'json', destination: path, troubles });
      for (let n = 0; n < 400; n++) {
        log.info('line', { name, n, pad: 'x'.repeat(n % 97) });
        if (n % 20 === 0) await log.flush();
      }
      process.stdin.on('data', async () => { await log.close(); process.exit(); });`);
    // A limit on the size of files acts as a full disk.
    const started = ['a', 'b'].map((name) => {
      const child = spawn(prlimit, ['--fsize=32768:unlimited', process.execPath, ...body, name, path]);
      const exited = once(child, 'exit');
      folder.atEnd(() => {
        child.kill('SIGKILL');
        return exited;
      });
      return { child, exited, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
    for (const { lines } of started) assert.equal((await lines.next()).value, 'full');
    assert.match(readFileSync(path, 'utf8'), /\}\n$/u);
    for (const { child } of started) execFileSync(prlimit, ['--fsize=unlimited', '--pid', String(child.pid)]);
    for (const { child, exited, lines } of started) {
      assert.equal((await lines.next()).value, 'works');
      child.stdin.end('end');
      await exited;
    }
    const seen: Record<string, number[]> = { a: [], b: [] };
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
      const { name, n } = JSON.parse(line) as { name: string; n: number };
      seen[name]?.push(n);
    }
    const all = Array.from({ length: 400 }, (_, index) => index);
    assert.deepEqual(seen, { a: all, b: all });
  });

  it('gets a line end first when its last line was cut off', async (t) => {
    const path = join(temporaryFolder(t, 'torn-log').path, 'torn.log');
    appendFileSync(path, 'whole\nhal');
    const writer = new LineWriter({ target: path, droppedLine });
    writer.write('next\n');
    await writer.close();
    assert.equal(readFileSync(path, 'utf8'), 'whole\nhal\nnext\n');
  });
});

describe('a log file that cannot be opened', () => {
  it('is opened as soon as it can be, and has the lines from before', async (t) => {
    const { path, troubles, tick } = ground(t, 'missing/sluice.log');
    const writer = new LineWriter({ target: path, droppedLine, troubles, mayOpenLater: true });
    writer.write('early\n');
    assert.match(troubles.list[0]?.text ?? '', /cannot open the log file .*: ENOENT/u);
    mkdirSync(join(path, '..'));
    tick(1_000);
    assert.deepEqual(troubles.list, []);
    writer.write('late\n');
    await writer.close();
    assert.equal(readFileSync(path, 'utf8'), 'early\nlate\n');
  });

  it('keeps the old file after a rotation until the new one can be opened', async (t) => {
    const { path, troubles, tick } = ground(t, 'rotated.log');
    const writer = new LineWriter({ target: path, droppedLine, troubles });
    renameSync(path, `${path}.1`);
    mkdirSync(path);
    assert.throws(() => writer.reopen(), { code: 'LOG_UNWRITABLE' });
    assert.equal(troubles.list[0]?.key, 'log');
    writer.write('between\n');
    await writer.flush();
    assert.equal(troubles.list.length, 1);
    rmSync(path, { recursive: true });
    tick(1_000);
    assert.deepEqual(troubles.list, []);
    writer.write('after\n');
    await writer.close();
    assert.equal(readFileSync(`${path}.1`, 'utf8'), 'between\n');
    assert.equal(readFileSync(path, 'utf8'), 'after\n');
  });
});

describe('a log that nobody reads', { skip: process.platform === 'win32' }, () => {
  it('is a trouble after 10 seconds, and gets all lines when it is read again', async (t) => {
    const { path, troubles, tick } = ground(t, 'pipe');
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = new LineWriter({ target: path, droppedLine, troubles });
    const lines = Array.from({ length: 3_000 }, (_, n) => `${n} ${'x'.repeat(90)}\n`);
    for (const line of lines) writer.write(line);
    let read = '';
    const takeAll = (): void => {
      const piece = Buffer.alloc(1 << 16);
      for (;;) {
        try {
          const length = readSync(reader, piece);
          if (length === 0) return;
          read += piece.toString('latin1', 0, length);
        } catch {
          return; // EAGAIN: it is empty
        }
      }
    };
    tick(10_000);
    while (troubles.list.length === 0) await turn(tick, 10_000);
    assert.match(troubles.list[0]?.text ?? '', /nobody reads it/u);
    while (read.length < lines.join('').length) {
      takeAll();
      await turn(tick, 100);
    }
    await writer.close();
    assert.equal(read, lines.join(''));
    assert.deepEqual(troubles.list, []);
    closeSync(reader);
  });

  it('is not tried again after its end, when a write was under way then', async (t) => {
    const { path, tick } = ground(t, 'slow.log');
    const writes: Parameters<LogTarget['write']>[2][] = [];
    t.mock.method(LogTarget.prototype, 'write', (...[, , done]: Parameters<LogTarget['write']>) => {
      writes.push(done);
    });
    const writer = new LineWriter({ target: path, droppedLine });
    writer.write('late\n');
    const closed = writer.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(writes.length, 1);
    tick(2_000);
    await closed;
    writes[0]?.(Object.assign(new Error('full'), { code: 'EAGAIN' }), 0);
    tick(10_000);
    assert.equal(writes.length, 1);
  });

  it('does not prevent a program from ending, which reports the lost lines', async () => {
    const body = program(`const log = createLogger({ level: 'info', format: 'json', troubles });
      for (let n = 0; n < 5000; n++) log.info('line', { pad: 'x'.repeat(200) });
      await log.close();`);
    const child = spawn(process.execPath, body, { stdio: ['ignore', 'pipe', 'pipe'] });
    const told: Buffer[] = [];
    child.stderr.on('data', (piece: Buffer) => told.push(piece));
    const [code] = (await once(child, 'exit')) as [number];
    child.stdout.destroy();
    assert.equal(code, 0);
    assert.match(
      Buffer.concat(told).toString(),
      /^sluice: \d{4} lines of the log could not be written and are lost$/mu,
    );
  });

  it('is a trouble when its reader has ended, and the program goes on', async () => {
    const body = program(`const log = createLogger({ level: 'info', format: 'json', troubles });
      troubles.onChanged(([trouble]) => console.error(trouble.text));
      process.stdin.on('data', () => log.info('line'));
      process.stdin.on('end', async () => { log.info('line'); await log.close(); console.error('ended'); });
      console.error('ready');`);
    const child = spawn(process.execPath, body, { stdio: ['pipe', 'pipe', 'pipe'] });
    const told = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
    assert.equal((await told.next()).value, 'ready');
    child.stdout.destroy();
    await once(child.stdout, 'close');
    child.stdin.write('x');
    assert.match(String((await told.next()).value), /^Nobody reads the log any more/u);
    child.stdin.end();
    assert.equal((await told.next()).value, 'ended');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });
});

describe('lines that wait', () => {
  it('are bounded: dropped lines are counted, and a line in their place says how many', () => {
    const lines = new PendingLines(droppedLine);
    const line = `${'x'.repeat(1023)}\n`;
    const room = 16 * 1024;
    for (let n = 0; n < room; n++) assert.equal(lines.add(line, 1 << 18), true);
    for (let n = 0; n < 5; n++) assert.equal(lines.add(line, 1 << 18), false);
    assert.equal(lines.isDropping, true);
    let text = '';
    // Until half is free again, all lines are dropped: one line reports their number.
    for (let taken = 0; taken < 16 * 1024 * 1024 * 0.4; taken = text.length)
      text += lines.take(1 << 18)?.toString() ?? '';
    assert.equal(lines.add(line, 1 << 18), false);
    for (let taken = 0; taken < 16 * 1024 * 1024 * 0.6; taken = text.length)
      text += lines.take(1 << 18)?.toString() ?? '';
    assert.equal(lines.add('last\n', 1 << 18), true);
    for (let piece = lines.take(1 << 18); piece !== undefined; piece = lines.take(1 << 18))
      text += piece.toString();
    assert.equal(text, `${line.repeat(room)}6 lines were dropped\nlast\n`);
    assert.equal(lines.isEmpty, true);
  });
});

function ground(t: TestContext, name: string) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  return {
    path: join(temporaryFolder(t, 'log').path, name),
    troubles: new Troubles(),
    tick: (ms: number) => t.mock.timers.tick(ms),
  };
}

/** Lets writes of other threads return, then lets a time pass. */
async function turn(tick: (ms: number) => void, ms: number): Promise<void> {
  await new Promise(setImmediate);
  tick(ms);
}
