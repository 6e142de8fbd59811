// `sluice/plugin/testing`: what a plugin sees in a test, and what a test sees of it.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { change, found, goOn, insertField, plugin, reject, replaceBody } from '../../src/plugin/index.ts';
import { type FakeHttpAnswer, messageAfter, testPlugin } from '../../src/plugin/testing/index.ts';
import type { PluginContext, PluginPoints, RcptFacts } from '../../src/plugin/index.ts';

/** A plugin whose context the test uses by itself. */
async function contextOf(settings: Parameters<typeof testPlugin>[1] = {}) {
  const contexts: PluginContext[] = [];
  const keeping = plugin((given) => {
    contexts.push(given);
    return {};
  });
  const asked = await testPlugin(keeping, settings);
  return { asked, context: contexts[0]! };
}

function pluginOf(points: PluginPoints) {
  return plugin(() => points);
}

test('facts that a test does not give are as usual', async () => {
  const seen: RcptFacts[] = [];
  await using asked = await testPlugin(pluginOf({ rcpt: (facts) => (seen.push(facts), goOn) }));
  await asked.rcpt();
  await asked.rcpt({
    user: 'joe@example.com',
    recipient: 'x@example.org',
    client: { mayRelay: true },
    tls: {},
  });
  const [usual, given] = seen;
  assert.deepEqual(usual?.client, { address: '192.0.2.1', mayRelay: false });
  assert.equal(usual?.transaction.reversePath, 'sender@example.net');
  assert.deepEqual(usual?.transaction.recipients, []);
  assert.deepEqual([usual?.user, usual?.tls, usual?.principal], [undefined, undefined, undefined]);
  assert.deepEqual(given?.client, { address: '192.0.2.1', mayRelay: true });
  assert.equal(given?.recipient.address, 'x@example.org');
  assert.deepEqual(
    [given?.principal, given?.user?.address, given?.mechanism],
    ['joe@example.com', 'joe@example.com', 'PLAIN'],
  );
  assert.equal(given?.tls?.version, 'TLSv1.3');
});

test('a message is a header with fields, and a body in pieces that can be read again', async () => {
  const text = `A: b\nc\n\n${'x'.repeat(70_000)}`;
  await using asked = await testPlugin(
    pluginOf({
      async content({ header, body, transaction }) {
        assert.deepEqual(
          header.fields.map(({ name, value }) => [name, value]),
          [['a', ' b']],
        );
        assert.equal(header.strayLines, 'c\r\n\r\n');
        assert.deepEqual(transaction.recipients, [{ address: 'recipient@example.com' }]);
        for (let times = 0; times < 2; times++) {
          const pieces = await Array.fromAsync(body.read());
          assert.deepEqual(
            pieces.map(({ length }) => length),
            [65_536, 70_000 - 65_536],
          );
        }
        return goOn;
      },
    }),
  );
  assert.equal(await asked.content({ message: text }), goOn);
});

test('an answer that its point does not allow is an error, and so is a point that the plugin has not', async () => {
  await using asked = await testPlugin(pluginOf({ mail: () => change(replaceBody(Buffer.from('x'))) }));
  await assert.rejects(asked.mail(), /replace-body, which is not allowed at mail/u);
  await assert.rejects(asked.rcpt(), /this plugin has no rcpt/u);
  assert.deepEqual(asked.points, ['mail']);
});

test('what a plugin has found out is there for it later, and so is what others have', async () => {
  await using asked = await testPlugin(
    pluginOf({
      connect: () => found({ score: '3' }),
      rcpt: ({ resultOf }) =>
        reject('550', `${resultOf('test')?.['score']} ${resultOf('spf')?.['result']} ${resultOf('x')}`),
    }),
  );
  await asked.connect();
  const verdict = await asked.rcpt({ results: { spf: { result: 'pass' } } });
  assert.deepEqual(verdict, reject('550', '3 pass undefined'));
});

test('time passes when the test says so, and timers come due in their order', async () => {
  const { asked, context } = await contextOf({ now: 1000 });
  const due: string[] = [];
  const stop = context.every(100, () => void due.push(`every ${context.now()}`));
  context.after(250, async () => {
    await Promise.resolve();
    due.push(`after ${context.now()}`);
    context.after(10, () => void due.push(`then ${context.now()}`));
  });
  await asked.clock.advance(300);
  assert.deepEqual(due, ['every 1100', 'every 1200', 'after 1250', 'then 1260', 'every 1300']);
  stop();
  await asked.clock.advance(1000);
  assert.equal(due.length, 5);
  assert.equal(asked.clock.now(), 2300);
});

test('state is kept as long as it is asked to be', async () => {
  const { asked, context } = await contextOf();
  const { state } = context;
  state.set('a', 'b');
  state.set('c', 'd', 100);
  assert.equal(state.add('n', 2, 100), 2);
  await asked.clock.advance(99);
  assert.deepEqual([state.get('a'), state.get('c'), state.add('n', -5, 100)], ['b', 'd', -3]);
  await asked.clock.advance(1);
  assert.deepEqual([state.get('a'), state.get('c'), state.add('n', 1)], ['b', undefined, 1]);
  state.delete('a');
  assert.equal(asked.state.get('a'), undefined);
});

test('the DNS is a table', async () => {
  const dns = {
    'example.com': { mx: ['a.example', 'b.example'], a: ['192.0.2.1'], txt: ['v=spf1 -all'] },
    '192.0.2.1': { ptr: ['a.example'] },
    'broken.example': 'failing',
  } as const;
  const { context } = await contextOf({ dns });
  assert.deepEqual(await context.dns.mx('Example.com.'), [
    { preference: 10, exchange: 'a.example' },
    { preference: 20, exchange: 'b.example' },
  ]);
  assert.deepEqual(await context.dns.txt('example.com'), ['v=spf1 -all']);
  assert.deepEqual(await context.dns.aaaa('example.com'), []);
  assert.deepEqual(await context.dns.ptr('192.0.2.1'), ['a.example']);
  assert.deepEqual(await context.dns.a('toString'), []);
  await assert.rejects(context.dns.a('broken.example'), /cannot be looked up now/u);
});

test('the web is a table or a function, and questions are kept', async () => {
  const table: Record<string, FakeHttpAnswer> = {
    'http://a.example': { body: { x: 1 }, headers: { 'X-A': 'b' } },
    'http://b.example/': 'failing',
  };
  const { asked, context } = await contextOf({ http: table });
  const answer = await context.fetch('http://a.example/', { body: 'q', headers: { A: 'b' } });
  assert.deepEqual(
    [answer.status, answer.headers, answer.json(), answer.text()],
    [200, { 'x-a': 'b' }, { x: 1 }, '{"x":1}'],
  );
  await assert.rejects(context.fetch('http://b.example/'), /does not answer/u);
  await assert.rejects(
    context.fetch('http://c.example/'),
    /this test has no answer of http:\/\/c\.example\//u,
  );
  await assert.rejects(context.fetch('file:///etc/passwd'), /no URL of the web/u);
  assert.deepEqual(asked.questions[0], {
    url: 'http://a.example/',
    method: 'POST',
    headers: { A: 'b' },
    body: 'q',
  });
});

test('a plugin has a folder of its own, which is gone at the end', async () => {
  const { asked, context } = await contextOf();
  writeFileSync(join(context.folder, 'x'), '');
  await asked.end();
  assert.ok(!existsSync(context.folder));
});

test('a message after edits has CRLF line ends', () => {
  const message = 'Subject: x\n\nHello\n';
  assert.equal(messageAfter(message, goOn), 'Subject: x\r\n\r\nHello\r\n');
  const verdict = change(insertField('A', 'b'), replaceBody(Buffer.from('Bye\r\n')));
  assert.equal(messageAfter(message, verdict), 'A: b\r\nSubject: x\r\n\r\nBye\r\n');
  assert.equal(messageAfter('Subject: x\n', goOn), 'Subject: x\r\n\r\n');
  assert.equal(messageAfter('\nHello\n', goOn), '\r\nHello\r\n');
});
