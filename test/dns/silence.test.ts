// One of several name servers is silent: questions go to a server that answers, and none waits for a timeout. The timers are
// mocked, the sockets are real.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ground, switchable } from './switchable-server.ts';

const names = (count: number, prefix = 'name'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}.test`);

/** Advances virtual time in small steps while packets travel, until the promise is settled. */
async function settle<T>(promise: Promise<T>, pass: (ms: number) => void): Promise<T> {
  let isOver = false;
  const over = promise.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    pass(1);
    await setImmediate();
  }
  return over;
}

test('with one of two servers silent, no question waits for a timeout', async (t) => {
  const dead = await switchable(t);
  const good = await switchable(t);
  dead.state.answers = false;
  const { resolver, pass, changes } = ground(t, [dead.server, good.server], { attempts: 2 });
  const beganMs = Date.now();
  const asked = names(80).map((name) => resolver.mx(name));
  await dead.hearing('name79.test MX', 1);
  pass(450);
  await good.hearing('. NS', 1);
  pass(300);
  for (const answer of await settle(Promise.all(asked), pass)) assert.equal(answer.kind, 'found');
  assert.ok(Date.now() - beganMs < 2_000, `after ${Date.now() - beganMs} ms`);
  assert.equal(resolver.stats().timeouts, 0);
  for (const name of names(80, 'later')) assert.equal((await resolver.mx(name)).kind, 'found');
  assert.deepEqual(
    dead.heard.filter((each) => each.startsWith('later')),
    [],
    'the silent server is not asked',
  );
  assert.deepEqual(changes, []);
});

test('after an outage all questions go to the server that answers again', async (t) => {
  const dead = await switchable(t);
  const back = await switchable(t);
  dead.state.answers = false;
  back.state.answers = false;
  const { resolver, pass, changed } = ground(t, [dead.server, back.server]);
  const first = resolver.mx('one.test');
  await dead.hearing('one.test MX', 1);
  pass(3_000);
  await back.hearing('one.test MX', 1);
  pass(3_000);
  pass(1_000);
  assert.equal((await first).kind, 'failed');
  // Longer than failures are remembered.
  pass(120_000);
  back.state.answers = true;
  const over = changed(2);
  await settle(over, (ms) => pass(ms * 10));
  const { timeouts } = resolver.stats();
  const asked = names(90).map((name) => resolver.mx(name));
  for (const answer of await Promise.all(asked)) assert.equal(answer.kind, 'found', 'no timer has passed');
  assert.equal(resolver.stats().timeouts, timeouts);
  assert.deepEqual(
    dead.heard.filter((each) => each.startsWith('name')),
    [],
  );
});

test('a silent server is asked again once it answers a probe', async (t) => {
  const first = await switchable(t);
  const second = await switchable(t);
  first.state.answers = false;
  const { resolver, pass } = ground(t, [first.server, second.server]);
  const asked = resolver.mx('one.test');
  await first.hearing('one.test MX', 1);
  pass(3_000);
  assert.equal((await settle(asked, pass)).kind, 'found');
  first.state.answers = true;
  const probes = first.heard.filter((each) => each === '. NS').length;
  pass(2_000);
  assert.equal((await resolver.mx('two.test')).kind, 'found');
  assert.ok(!first.heard.includes('two.test MX'));
  await first.hearing('. NS', probes + 1);
  for (let at = 0; !first.heard.includes(`${at - 1}.test MX`); at++) await resolver.mx(`${at}.test`);
});

test('a server that refuses is not asked either, and no question waits for it', async (t) => {
  const good = await switchable(t);
  const gone = await switchable(t);
  const { resolver } = ground(t, [{ ...gone.server, port: 1 }, good.server]);
  for (const name of names(50)) assert.equal((await resolver.mx(name)).kind, 'found');
  assert.equal(resolver.stats().sent, 51, 'it was asked once');
});

test('a datagram lost on the way to a server that answers others is sent again before the timeout', async (t) => {
  const { server, state, hearing, heard } = await switchable(t);
  const { resolver, pass } = ground(t, [server]);
  state.answers = false;
  const lost = resolver.mx('one.test');
  await hearing('one.test MX', 1);
  state.answers = true;
  assert.equal((await resolver.mx('two.test')).kind, 'found');
  pass(450);
  assert.equal((await lost).kind, 'found');
  assert.equal(heard.filter((each) => each === 'one.test MX').length, 2);
  assert.equal(resolver.stats().timeouts, 0);
});

test('a name without an answer does not make a server count as silent', async (t) => {
  const first = await switchable(t);
  const second = await switchable(t);
  const { resolver, pass, changes } = ground(t, [first.server, second.server]);
  const dead = resolver.mx('dead.test');
  await first.hearing('dead.test MX', 1);
  pass(450);
  await first.hearing('. NS', 1);
  await second.hearing('. NS', 1);
  for (let turns = 0; turns < 20; turns++) await setImmediate();
  pass(300);
  assert.ok(!second.heard.includes('dead.test MX'), 'the question goes on waiting');
  assert.equal((await resolver.mx('one.test')).kind, 'found');
  assert.ok(first.heard.includes('one.test MX'));
  pass(2_250);
  await second.hearing('dead.test MX', 1);
  pass(3_000);
  assert.equal((await dead).kind, 'failed');
  assert.equal((await resolver.mx('two.test')).kind, 'found');
  assert.ok(first.heard.includes('two.test MX'), 'the first server is still the first');
  assert.deepEqual(changes, []);
});
