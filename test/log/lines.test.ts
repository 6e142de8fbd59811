// The same event for programs and for people.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { LineSink } from '../../src/log/line-writer.ts';
import { createLogger } from '../../src/log/logger.ts';
import { prettyLine } from '../../src/log/pretty-line.ts';

class Lines implements LineSink {
  readonly all: string[] = [];
  write(line: string): void {
    this.all.push(line);
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  reopen(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const delivered = {
  id: '5Xq2',
  from: 'a@example.com',
  to: 'b@example.net',
  site: 'mx1.example.net',
  source: '192.0.2.1',
  remote: '198.51.100.7',
  host: 'mx1.example.net',
  reply: '250 2.0.0 Ok',
  size: 4096,
  delayMs: 1234,
  connectMs: 40,
  transactionMs: 90,
};

describe('a line for programs', () => {
  it('is one JSON object: level, time, the fields of the process, the event, its fields', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 22, 14, 3, 2, 45) });
    const lines = new Lines();
    const log = createLogger({
      level: 'info',
      format: 'json',
      destination: lines,
      base: { process: 'sender-1' },
    });
    log.event('delivered', { id: '5Xq2', to: 'b@example.net', delayMs: 12 });
    log.warn('low on space');
    assert.deepEqual(lines.all, [
      '{"level":"info","time":"2026-11-22T14:03:02.045Z","process":"sender-1","event":"delivered","id":"5Xq2","to":"b@example.net","delayMs":12}\n',
      '{"level":"warn","time":"2026-11-22T14:03:02.045Z","process":"sender-1","msg":"low on space"}\n',
    ]);
  });

  it('leaves out what is undefined, and keeps control characters harmless', () => {
    const lines = new Lines();
    const log = createLogger({ level: 'info', format: 'json', destination: lines });
    log.event('rejected', { reply: '550 \r\n{"level":"info"}\u0000', reason: undefined });
    assert.equal(lines.all.length, 1);
    assert.equal(lines.all[0]?.indexOf('\n'), lines.all[0]!.length - 1);
    const { time: _, ...fields } = JSON.parse(lines.all[0]!) as Record<string, unknown>;
    assert.deepEqual(fields, { level: 'info', event: 'rejected', reply: '550 \r\n{"level":"info"}\u0000' });
  });

  it('is not written below the level, which can be changed', () => {
    const lines = new Lines();
    const log = createLogger({ level: 'warn', format: 'json', destination: lines });
    log.event('delivered', delivered);
    log.info('no');
    assert.equal(log.isOn('info'), false);
    log.setLevel('debug');
    assert.equal(log.isOn('info'), true);
    log.event('removed', { id: '5Xq2' });
    log.debug('yes');
    log.error('yes');
    assert.deepEqual(
      lines.all.map((line) => (JSON.parse(line) as { level: string }).level),
      ['info', 'debug', 'error'],
    );
  });
});

describe('a line for people', () => {
  const time = new Date(2026, 10, 22, 14, 3, 2, 45);
  const table: readonly (readonly [name: string, line: string, actual: string])[] = [
    [
      'delivered',
      '14:03:02.045 delivered 5Xq2 <a@example.com> -> <b@example.net> by mx1.example.net[198.51.100.7] 4096 B "250 2.0.0 Ok" 1.2s (connect 40ms, transaction 90ms) source=192.0.2.1\n',
      prettyLine(time, 'info', 'delivered', delivered, false),
    ],
    [
      'received, for several recipients',
      '14:03:02.045 received  5Xq2 <> -> <a@x.org> <b@x.org> <c@x.org> and 2 more from mail.example[192.0.2.9] 10 B transaction 3ms\n',
      prettyLine(
        time,
        'info',
        'received',
        {
          id: '5Xq2',
          from: '',
          to: ['a@x.org', 'b@x.org', 'c@x.org', 'd@x.org', 'e@x.org'],
          client: '192.0.2.9',
          helo: 'mail.example',
          size: 10,
          transactionMs: 3,
        },
        false,
      ),
    ],
    [
      'a message with other fields',
      '14:03:02.045 stopping  grace=20 why="by hand"\n',
      prettyLine(time, 'info', 'stopping', { grace: 20, why: 'by hand' }, false),
    ],
    [
      'bounced, because its time was over',
      '14:03:02.045 bounced   5Xq2 "451 later" (its lifetime is over)\n',
      prettyLine(time, 'info', 'bounced', { id: '5Xq2', reply: '451 later', expired: true }, false),
    ],
    [
      'in colours',
      '\x1b[90m14:03:02.045\x1b[39m \x1b[33mdeferred \x1b[39m 5Xq2 "451 later"\n',
      prettyLine(time, 'info', 'deferred', { id: '5Xq2', reply: '451 later' }, true),
    ],
    [
      'with nothing that moves the cursor or makes a second line',
      '14:03:02.045 rejected  "550 ?[2J??? 1 ?"\n',
      prettyLine(time, 'info', 'rejected', { reply: '550 \x1b[2J\r\n\u0085 1 \u2028' }, false),
    ],
  ];
  for (const [name, line, actual] of table) it(name, () => assert.equal(actual, line));
});

describe('text from outside in a line for people', () => {
  it('moves no cursor, ends no line, and does not change the order in which the line is shown', () => {
    const from = [0x00, 0x1b, 0x85, 0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069];
    const reply = `550 ${from.map((code) => String.fromCharCode(code)).join('x')}`;
    const line = prettyLine(new Date(0), 'info', 'deferred', { reply }, false);
    assert.ok(line.includes(`550 ${from.map(() => '?').join('x')}`), JSON.stringify(line));
  });
});
