// The simulation's books of routes: where mail may go after a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host, Internet, wellTempered } from '../../sim/system/internet.ts';
import { RouteBooks } from '../../sim/system/route-books.ts';
import { type Config, defaultConfig, type RouteConfig } from '../../src/config/config.ts';

const host = (name: string, number: number): Host => new Host(name, `192.0.2.${number}`, wellTempered, false);
const internet = new Internet([
  { domain: 'd.example', hosts: [host('old.example', 1)] },
  { domain: 'other.example', hosts: [host('new.example', 2)] },
]);
const route: RouteConfig = {
  name: 'moved',
  kind: 'relay',
  domain: [{ kind: 'exact', domain: 'd.example' }],
  sender: [],
  relay: [{ host: 'new.example', port: 25 }],
  mode: 'failover',
};
const before: Config = defaultConfig();
const after: Config = { ...before, route: [route] };
const onOldRoute = /mail for d\.example goes to old\.example, which is on none of its routes/;

/** Books of a manager that grants one message again and again, on its connection 1. */
function world() {
  let nowMs = 0;
  let lateAtMs = -Infinity;
  const books = new RouteBooks({ internet, nowMs: () => nowMs, lateAtMs: () => lateAtMs });
  books.managerStarts(before);
  const grant = (queueId = 'q') => books.granted(1, { queueId, recipients: [0] }, ['d.example']);
  const end = (): void => books.heard([{ kind: 'done', connection: 1 }]);
  const pass = (ms: number): void => void (nowMs += ms);
  const stall = (): void => void (lateAtMs = nowMs);
  return { books, grant, end, pass, stall };
}

test('what waits at a reload goes by its new route at once', () => {
  const { books, grant, end, pass } = world();
  books.begins(grant(), 'old.example');
  end();
  pass(10);
  books.configured(after);
  books.begins(grant(), 'old.example');
  pass(1);
  books.begins(grant('q2'), 'new.example');
  assert.throws(() => books.begins(grant('q2'), 'old.example'), onOldRoute);
});

test('what is in flight at a reload may go by its old route until it has waited for five seconds', () => {
  const { books, grant, end, pass } = world();
  const granted = grant();
  pass(10);
  books.configured(after);
  pass(10);
  books.begins(granted, 'old.example');
  end();
  pass(5_000);
  books.begins(grant(), 'old.example');
  end();
  pass(6_000);
  const late = grant();
  books.begins(late, 'new.example');
  assert.throws(() => books.begins(late, 'old.example'), onOldRoute);
});

test('the time for which a manager was held up does not count', () => {
  const { books, grant, end, pass, stall } = world();
  grant();
  pass(10);
  books.configured(after);
  end();
  pass(6_000);
  stall();
  pass(10);
  books.begins(grant(), 'old.example');
});

test('a new manager knows no routes of before', () => {
  const { books, grant, pass } = world();
  grant();
  pass(10);
  books.configured(after);
  books.managerStarts(after);
  pass(10);
  assert.throws(() => books.begins(grant(), 'old.example'), onOldRoute);
});
