// The lines of `sluice top`, and the terminal that they are drawn on.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { LiveScreen } from '../../src/cli/live-screen.ts';
import { snapshotOf, topLines } from '../../src/cli/top-view.ts';
import type { Status } from '../../src/control/operations/status.ts';

const start = Date.UTC(2026, 0, 1, 12);
const status: Status = {
  kind: 'complete',
  troubles: [],
  version: '1.2.3',
  startedAtMs: start,
  nowMs: start + 60_000,
  messages: 12,
  recipients: 15,
  connections: 3,
  senders: 2,
  reports: 0,
  counters: { received: 100, delivered: 80, deferred: 3 },
  spool: { segments: 1, bytes: 1, liveMessages: 12, damagedMessages: 0 },
  sites: [
    {
      site: 'mx:mx.slow.example:25',
      label: 'mx.slow.example',
      waiting: 1,
      ready: 10,
      active: 3,
      connections: 3,
      blockedOn: 'limit domain slow.example (3) is full',
    },
  ],
  siteCount: 4,
  overrides: [
    {
      id: '1',
      kind: 'suspend',
      target: 'site:mx#1',
      label: 'mx.big.example',
      quantities: { connections: 0 },
      reason: '',
      setAtMs: start,
      by: '',
    },
    {
      id: '2',
      kind: 'limit',
      target: 'all',
      label: '',
      quantities: { connections: 5 },
      reason: '',
      setAtMs: start,
      by: '',
    },
  ],
};
const later: Status = {
  ...status,
  nowMs: status.nowMs + 2_000,
  counters: { received: 110, delivered: 281, deferred: 3, bounced: 1 },
};

test('rates are those of the time between two states', () => {
  assert.deepEqual(snapshotOf(later, status).rates, {
    received: 5,
    delivered: 100.5,
    deferred: 0,
    bounced: 0.5,
  });
});

test('there are no rates without an earlier state, or when another manager was started in between', () => {
  assert.equal(snapshotOf(status, undefined).rates, undefined);
  assert.equal(snapshotOf({ ...later, startedAtMs: start + 1 }, status).rates, undefined);
  assert.equal(snapshotOf(status, status).rates, undefined);
});

test('the lines of a screen', () => {
  const lines = topLines({
    snapshot: snapshotOf(later, status),
    status: later,
    order: 'waiting',
    intervalMs: 2_000,
  });
  assert.deepEqual(lines, [
    'Sluice 1.2.3, running for 1m; every 2s, by waiting',
    'Queue        12 messages, 15 recipients',
    'Per second   5.0 received, 100.5 delivered, 0.0 deferred, 0.5 bounced',
    'Connections  3 in 2 sender processes',
    'Suspended    site:mx.big.example',
    '',
    'SITE             CONNECTIONS  ACTIVE  READY  WAITING  WAITS FOR',
    'mx.slow.example  3            3       10     1        limit domain slow.example (3) is full',
    '... and 3 more sites',
  ]);
});

test('the lines of a screen without sites', () => {
  const empty = { ...status, sites: [], siteCount: 0, overrides: [] };
  const lines = topLines({
    snapshot: snapshotOf(empty, undefined),
    status: empty,
    order: 'name',
    intervalMs: 500,
  });
  assert.equal(lines[2], 'Per second   - received, - delivered, - deferred, - bounced');
  assert.equal(lines.at(-1), 'No mail waits, and no connection is open.');
});

class Terminal extends EventEmitter {
  columns = 30;
  rows = 4;
  text = '';
  raw = false;
  flowing = false;
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
  resume(): this {
    this.flowing = true;
    return this;
  }
  pause(): this {
    this.flowing = false;
    return this;
  }
}

function screen(terminal: Terminal, key: (key: string) => void = () => undefined): LiveScreen {
  return new LiveScreen(terminal, terminal as never, key);
}

test('a drawing fits the terminal, and covers the one before', () => {
  const terminal = new Terminal();
  const live = screen(terminal);
  terminal.text = '';
  live.draw(['x'.repeat(100), 'second', 'third', 'fourth', 'fifth']);
  assert.equal(terminal.text, `\u001b[H${'x'.repeat(29)}\u001b[K\nsecond\u001b[K\nthird\u001b[K\n\u001b[J`);
});

test('keys arrive one by one, and closing leaves the terminal as it was', () => {
  const terminal = new Terminal();
  const keys: string[] = [];
  const live = screen(terminal, (key) => keys.push(key));
  assert.deepEqual([terminal.raw, terminal.flowing], [true, true]);
  terminal.emit('data', Buffer.from('w\u0003'));
  live.close();
  live.close();
  terminal.emit('data', Buffer.from('q'));
  live.draw(['not drawn']);
  assert.deepEqual(keys, ['w', '\u0003']);
  assert.deepEqual([terminal.raw, terminal.flowing], [false, false]);
  assert.equal(terminal.text, '\u001b[?1049h\u001b[?25l\u001b[?25h\u001b[?1049l');
});
