// Many questions in one moment: no burst is sent that would overflow a name server's buffer, and look-ups that have begun go
// first. The timers are mocked; the sockets of the tests with a resolver are real.

import assert from 'node:assert/strict';
import test from 'node:test';
import { QuestionLine } from '../../src/dns/question-line.ts';
import { ground, switchable } from './switchable-server.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `name${at}.test`);

function beginAll(line: QuestionLine<string>): string[] {
  const begun: string[] = [];
  while (line.mayBegin()) begun.push(line.shift() ?? assert.fail('mayBegin without a question'));
  return begun;
}

test('a hundred questions begin at once, one more for each that ends, and as many again after 25 ms', (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  let calls = 0;
  const line = new QuestionLine<string>({ now: () => Date.now(), goOn: () => calls++ });
  for (const name of names(300)) line.push(name, 'MX');
  assert.deepEqual(beginAll(line), names(100));
  line.ended();
  line.ended();
  assert.deepEqual(beginAll(line), ['name100.test', 'name101.test']);
  t.mock.timers.tick(24);
  assert.deepEqual(beginAll(line), []);
  assert.equal(calls, 0);
  t.mock.timers.tick(1);
  assert.equal(calls, 1, 'called once, however often it was asked');
  assert.equal(beginAll(line).length, 100);
  assert.equal(line.length, 98);
});

test('neither answers to late questions nor a long rest make a burst greater', (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const line = new QuestionLine<string>({ now: () => Date.now(), goOn: () => undefined });
  for (const name of names(10)) line.push(name, 'MX');
  assert.equal(beginAll(line).length, 10);
  for (let at = 0; at < 500; at++) line.ended();
  for (const name of names(300)) line.push(name, 'MX');
  assert.equal(beginAll(line).length, 100);
  t.mock.timers.tick(60_000);
  assert.equal(beginAll(line).length, 100);
});

test('questions for addresses and TLSA records begin before others that wait longer', () => {
  const line = new QuestionLine<string>({ now: () => 0, goOn: () => undefined });
  line.push('one.test', 'MX');
  line.push('two.test', 'TXT');
  line.push('mx.three.test', 'A');
  line.push('mx.three.test', 'AAAA');
  line.push('_25._tcp.mx.three.test', 'TLSA');
  line.push('mx.four.test', 'CNAME');
  assert.deepEqual(beginAll(line), [
    'mx.three.test',
    'mx.three.test',
    '_25._tcp.mx.three.test',
    'mx.four.test',
    'one.test',
    'two.test',
  ]);
});

test('a server that is slow gets more and more questions, but no burst', async (t) => {
  const { server, state, hearing, heard } = await switchable(t);
  state.answers = false;
  const { resolver, pass } = ground(t, [server], { maxInFlight: 1_000 });
  const asked = names(250).map((name) => resolver.mx(name));
  assert.equal(resolver.stats().sent, 100);
  await hearing('name99.test MX', 1);
  assert.ok(!heard.includes('name100.test MX'));
  pass(25);
  assert.equal(resolver.stats().sent, 200);
  pass(25);
  assert.equal(resolver.stats().sent, 250);
  assert.equal(resolver.stats().inFlight, 250);
  resolver.close();
  await Promise.all(asked);
});

test('of many look-ups of two steps, the first are through before the last have begun', async (t) => {
  const { server, heard } = await switchable(t);
  const { resolver } = ground(t, [server], { maxInFlight: 1_000 });
  await Promise.all(
    names(400).map(async (name) => {
      await resolver.mx(name);
      await resolver.addresses(`mx.${name}`, 4);
    }),
  );
  // No timer has run: each question was begun because another one ended.
  const before = heard.slice(0, heard.indexOf('name399.test MX'));
  const addresses = before.filter((question) => question.endsWith(' A')).length;
  assert.ok(addresses >= 200, `${addresses} of 400 addresses were asked for before the last MX`);
});
