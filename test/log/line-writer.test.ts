// Lines reach their file or pipe whole, in order, in few writes, and also at a sudden exit.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { LineWriter } from '../../src/log/line-writer.ts';
import { createLogger } from '../../src/log/logger.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'));
after(() => rmSync(folder, { recursive: true }));

const run = promisify(execFile);
const logger = new URL('../../src/log/logger.ts', import.meta.url).href;

/** A program that gets a logger to its standard output, and two words from its command line. */
function program(body: string): string {
  return `const { createLogger } = await import('${logger}');
    const log = createLogger({ level: 'info', format: 'json' });
    const name = process.argv[1];
    ${body}`;
}

/** A writer to a file. */
function writerTo(target: string): LineWriter {
  return new LineWriter({ target, droppedLine: (count) => `${count} lines were dropped\n` });
}

describe('a log file', () => {
  it('has every line, in order', async () => {
    const path = join(folder, 'all.log');
    const writer = writerTo(path);
    const lines = Array.from({ length: 20_000 }, (_, index) => `${index} ${'é'.repeat(index % 50)}\n`);
    for (const [index, line] of lines.entries()) {
      writer.write(line);
      if (index % 1000 === 999) await new Promise(setImmediate);
    }
    await writer.close();
    assert.equal(readFileSync(path, 'utf8'), lines.join(''));
  });

  it('is opened again after it was rotated, and no line is lost', async () => {
    const path = join(folder, 'rotated.log');
    const writer = writerTo(path);
    writer.write('before\n');
    await writer.flush();
    renameSync(path, `${path}.1`);
    writer.write('between\n');
    writer.reopen();
    writer.write('after\n');
    await writer.close();
    assert.equal(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8'), 'before\nbetween\nafter\n');
    assert.match(readFileSync(path, 'utf8'), /after\n$/);
  });

  it('may be flushed by several at once, and each waits for all lines', async () => {
    for (let round = 0; round < 50; round++) {
      const path = join(folder, `flushed-${round}.log`);
      const writer = writerTo(path);
      writer.write('one\n');
      const first = writer.flush();
      const second = writer.flush();
      await second;
      assert.equal(readFileSync(path, 'utf8'), 'one\n');
      await first;
      await writer.close();
    }
  });

  it('has an error with advice when it cannot be opened', () => {
    assert.throws(
      () => createLogger({ level: 'info', format: 'json', destination: join(folder, 'no/such/folder') }),
      {
        code: 'LOG_UNWRITABLE',
        message: /^cannot open the log file .*no\/such\/folder: /,
      },
    );
  });
});

describe('a log to a pipe', () => {
  it('has whole lines when several processes share it', async () => {
    const body = `for (let turn = 0; turn < 40; turn++) {
        for (let i = 0; i < 50; i++) log.event('received', { name, n: turn * 50 + i, pad: 'é'.repeat((i * 37) % 700) });
        await new Promise(setImmediate);
      }
      await log.close();`;
    const script = '"$0" --input-type=module -e "$1" a & "$0" --input-type=module -e "$1" b & wait';
    const { stdout } = await run('/bin/sh', ['-c', script, process.execPath, program(body)], {
      maxBuffer: 1 << 26,
    });
    const seen: Record<string, number[]> = { a: [], b: [] };
    for (const line of stdout.split('\n').slice(0, -1)) {
      const { name, n } = JSON.parse(line) as { name: string; n: number };
      seen[name]!.push(n);
    }
    const all = Array.from({ length: 2000 }, (_, index) => index);
    assert.deepEqual(seen, { a: all, b: all });
  });

  it('has the last lines of a program that ends at once', async () => {
    const body = `for (let i = 0; i < 200; i++) log.info('line ' + i);
      process.exit();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program(body), 'x']);
    const lines = stdout.split('\n').slice(0, -1);
    assert.equal(lines.length, 200);
    assert.equal((JSON.parse(lines.at(-1)!) as { msg: string }).msg, 'line 199');
  });

  it('costs few writes for the lines of one turn', { skip: process.platform !== 'linux' }, async () => {
    const body = `const { readFileSync } = await import('node:fs');
      const writes = () => Number(/syscw: (\\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
      const before = writes();
      for (let i = 0; i < 400; i++) log.info('line ' + i);
      await log.flush();
      log.info('writes', { count: writes() - before });
      await log.close();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program(body), 'x']);
    const { count } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { count: number };
    // 400 lines of some 70 bytes are 7 pieces of a pipe; the runtime's own wake-ups are counted, too.
    assert.ok(count < 40, `${count} writes`);
  });
});
