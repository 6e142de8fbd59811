// Several logs at once, priorities in front of lines, and lines that are too long for syslog.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joinedLogger } from '../../src/log/joined-logger.ts';
import { createLogger, type LoggerOptions } from '../../src/log/logger.ts';
import { isJournal, priorityHead } from '../../src/log/priority.ts';
import { shortenLine } from '../../src/log/shorten-line.ts';

function kept(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = {
    write: (line: string) => void lines.push(line),
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
  return { lines, log: createLogger({ level: 'info', format: 'pretty', destination, ...options }) };
}

describe('several logs', () => {
  it('each get the lines of their own level, which a reload does not lower', () => {
    const all = kept();
    const few = kept({ least: 'warn' });
    const log = joinedLogger([all.log, few.log]);
    log.info('i');
    log.warn('w');
    log.setLevel('debug');
    log.debug('d');
    assert.equal(all.lines.length, 3);
    assert.deepEqual(
      few.lines.map((line) => line.trim().endsWith('w')),
      [true],
    );
    assert.equal(log.isOn('debug'), true);
    log.setLevel('error');
    assert.equal(log.isOn('warn'), false);
  });

  it('are all opened again, though one of them fails', () => {
    const failing = kept().log;
    const reopened: string[] = [];
    const log = joinedLogger([
      {
        ...failing,
        reopen: () => {
          throw new Error('gone');
        },
      },
      { ...failing, reopen: () => void reopened.push('second') },
    ]);
    assert.throws(() => log.reopen(), /gone/u);
    assert.deepEqual(reopened, ['second']);
  });
});

describe('priorities', () => {
  it('stand before each line, for people without a clock', () => {
    const { lines, log } = kept({ head: priorityHead(), level: 'debug' });
    log.error('e');
    log.warn('w');
    log.event('received', { from: 'a@b.c\n<0>' });
    log.debug('d');
    assert.deepEqual(
      lines.map((line) => /^<\d>\S+/u.exec(line)?.[0]),
      ['<3>e', '<4>w', '<6>received', '<7>d'],
    );
    assert.equal(lines[2]?.trimEnd().includes('\n'), false);
  });

  it('are for journald when standard output is the stream that it names', () => {
    assert.equal(isJournal({ dev: 8, ino: 4711 }, '8:4711'), true);
    assert.equal(isJournal({ dev: 8, ino: 4711 }, '8:4712'), false);
    assert.equal(isJournal({ dev: 8, ino: 4711 }, undefined), false);
  });
});

describe('a line that is too long', () => {
  it('is shortened between two characters, with its line end', () => {
    const line = `${'ä€😀'.repeat(50)}\n`;
    for (let longest = 20; longest < Buffer.byteLength(line) + 3; longest++) {
      const short = shortenLine(line, longest);
      assert.ok(Buffer.byteLength(short) <= longest);
      assert.ok(short === line || /^[ä€😀]*\.\.\.\n$/u.test(short), short);
      assert.ok(short === line || line.startsWith(short.slice(0, -4)));
    }
  });
});
