// What happens is told once, and the log and the counters listen; fields that nobody reads are not gathered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events, logListener } from '../../src/log/events.ts';
import { createLogger } from '../../src/log/logger.ts';
import type { LogLevel } from '../../src/log/log-level.ts';
import { keptLog } from '../process/quiet-log.ts';

const removed = { id: 'A', from: 'a@from.test', to: 'b@to.test' };

test('an event is written to the log and counted', () => {
  const log = keptLog();
  const counters = new EventCounters();
  const events = new Events([logListener(log), counters]);
  events.happened('removed', removed);
  events.happened('removed', removed);
  assert.deepEqual(log.events, [
    { event: 'removed', ...removed },
    { event: 'removed', ...removed },
  ]);
  assert.deepEqual(counters.counts, { removed: 2 });
});

test('fields are read only while lines of events are written; what happens is counted in any case', () => {
  const lines: string[] = [];
  const destination = {
    write: (line: string) => void lines.push(line),
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
  const log = createLogger({ level: 'info', format: 'json', destination });
  const counters = new EventCounters();
  const events = new Events([logListener(log), counters]);
  const seen = (level: LogLevel): boolean => {
    log.setLevel(level);
    return events.areRead;
  };
  assert.deepEqual([seen('info'), seen('warn'), seen('debug')], [true, false, true]);
  log.setLevel('warn');
  events.counted('delivered', 3);
  events.counted('delivered', 0);
  events.happened('removed', removed);
  assert.deepEqual(counters.counts, { delivered: 3, removed: 1 });
  assert.deepEqual(lines, []);
});

test('the version of counters changes with each event', () => {
  const counters = new EventCounters();
  const before = counters.version;
  counters.counted('received', 1);
  assert.notEqual(counters.version, before);
});
