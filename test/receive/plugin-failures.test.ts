// Plugins in their threads that fail in any way, at each point of real SMTP sessions. The client is asked to try again, or what is configured
// happens; no message is lost or changed by half, and the session and later ones go on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureAnswer } from '../../src/policy/stage.ts';
import {
  againFrom,
  at,
  before,
  failedReply,
  failingPlugin,
  from,
  type Ground,
  nothingStored,
  type Point,
  points,
  storedWhole,
  withFailingPlugin,
} from './failing-plugin.ts';
import { endings, faults } from './plugin-faults.ts';

const rank = (point: Point): number => points.indexOf(point);

const hasEnded = ({ plugin }: Ground): boolean => plugin.lines.some((line) => / was ended: /.test(line));

/** What a test does when a plugin fails. */
interface Meanwhile {
  /** While the client waits for the reply. */
  readonly waits?: () => Promise<void>;
  /** When the client has the reply. Resolves when the plugin can be asked again. */
  readonly recovers?: () => Promise<void>;
}

/** It fails at a point; then it is mended, and the client goes on in the same session, or in a new one where it was sent away. */
async function failsOnce(
  { fixture, fail, mend }: Ground,
  point: Point,
  way: string,
  { waits, recovers }: Meanwhile = {},
): Promise<void> {
  const what = `${way} at ${point}`;
  fail(point, way);
  const waiting = waits?.();
  const client = await before(fixture, point);
  assert.match(await at(client, point), failedReply(point), what);
  await waiting;
  nothingStored(fixture, what);
  await recovers?.();
  mend();
  if (point === 'connect') assert.equal(await client.reply(), '', 'the connection has ended');
  await from(point === 'connect' ? await fixture.client() : client, againFrom(point));
  assert.equal(storedWhole(fixture, undefined, what), undefined, what);
}

for (const point of points) {
  test(`a plugin whose answer is none at ${point} is a temporary error`, async (t) => {
    const ground = await withFailingPlugin(t);
    for (const [way, told, first = 'connect', last = 'content'] of faults) {
      if (rank(point) < rank(first) || rank(point) > rank(last)) continue;
      await failsOnce(ground, point, way);
      const trouble = ground.fixture.troubles.list.find(({ key }) => key === 'stage:tried');
      const text = trouble?.text ?? '';
      assert.ok(text.startsWith(`The stage "tried" fails at ${point}: `), text);
      assert.match(text, told, way);
    }
    assert.equal(hasEnded(ground), false);
  });
}

for (const [way, ended] of endings) {
  test(`a plugin that ${way} at a point is a temporary error there`, async (t) => {
    const ground = await withFailingPlugin(t);
    const { plugin, sent, passTimeLimit } = ground;
    await plugin.line(/ is ready: /);
    for (const point of points) {
      const already = plugin.lines.length;
      // Who has run for a long time is started again at once.
      passTimeLimit();
      const waits = async (): Promise<void> => {
        await (way === 'loops' ? sent(point) : plugin.line(new RegExp(`fails at ${point}$`), already));
        passTimeLimit();
      };
      const recovers = async (): Promise<void> => {
        if (ended === undefined) return;
        assert.match(await plugin.line(/ was ended: /, already), ended);
        await plugin.line(/ is ready: /, already);
      };
      const isLate = way === 'never answers' || way === 'loops';
      await failsOnce(ground, point, way, { ...(isLate && { waits }), recovers });
    }
    assert.equal(hasEnded(ground), ended !== undefined);
  });
}

/** What happens at each point, as it is named in the configuration. */
const choices: Readonly<
  Record<Exclude<FailureAnswer, 'tempfail'>, (point: Point) => RegExp | 'goes on' | 'is held'>
> = {
  continue: () => 'goes on',
  quarantine: (point) => (rank(point) >= rank('mail') ? 'is held' : failedReply(point)),
  disconnect: () => /^421 (?:4\.3\.0 )?mx\.example\.org A check of this server failed, try again later$/,
};

for (const [choice, expectedAt] of Object.entries(choices)) {
  for (const point of points) {
    test(`on_failure = "${choice}", at ${point}`, async (t) => {
      const { fixture, fail, mend } = await withFailingPlugin(t, choice as FailureAnswer);
      const expected = expectedAt(point);
      // The last one ends the thread, which is started again at once: the questions after it wait for that.
      for (const way of ['throws', 'answers an unknown kind', 'answers an edit that is null', 'exits']) {
        const what = `${way} at ${point}`;
        fail(point, way);
        const client = await before(fixture, point);
        if (expected instanceof RegExp) {
          assert.match(await at(client, point), expected, what);
          if (choice === 'disconnect') assert.equal(await client.reply(), '', what);
          nothingStored(fixture, what);
        } else {
          await from(client, point);
          const reason = expected === 'is held' ? 'the check "tried" failed' : undefined;
          assert.equal(storedWhole(fixture, point, what), reason, what);
        }
        client.socket.destroy();
        mend();
        await from(await fixture.client(), 'connect');
        assert.equal(storedWhole(fixture, undefined, what), undefined, what);
      }
    });
  }
}

test('no text of a plugin forges a reply', async (t) => {
  const { fixture, fail, mend } = await withFailingPlugin(t);
  for (const point of points) {
    fail(point, 'forges a reply');
    let client = await before(fixture, point);
    assert.match(await at(client, point), /^5\d\d (?:5\.7\.1 )?no 250 2\.0\.0 ok 221 bye$/, point);
    nothingStored(fixture, point);
    mend();
    client = point === 'connect' ? await fixture.client() : client;
    await from(client, againFrom(point));
    storedWhole(fixture, undefined, point);
  }
  for (const point of ['connect', 'helo', 'mail', 'rcpt'] as const) {
    fail(point, 'forges a line of a reply');
    const client = await before(fixture, point);
    assert.match(await at(client, point), /^2\d\d-(?:2\.1\.\d )?see 550 5\.0\.0 no ?\r\n2/, point);
    mend();
    await from(client, points[rank(point) + 1] ?? 'content');
    fixture.spool.kept.length = 0;
    fixture.submitted.length = 0;
  }
});

test('with the thread of a plugin, the questions of other sessions fail, and these go on', async (t) => {
  const { fixture, plugin, fail, mend } = await withFailingPlugin(t);
  const others = await Promise.all(points.slice(2).map((point) => before(fixture, point)));
  const refusals: Promise<string>[] = [];
  for (const [index, client] of others.entries()) {
    const point = points[index + 2] ?? 'mail';
    const already = plugin.lines.length;
    fail(point, 'never answers');
    refusals.push(at(client, point));
    await plugin.line(new RegExp(`fails at ${point}$`), already);
  }
  fail('helo', 'exits');
  const last = await before(fixture, 'helo');
  assert.match(await at(last, 'helo'), failedReply('helo'));
  for (const reply of await Promise.all(refusals)) assert.match(reply, failedReply('mail'));
  nothingStored(fixture, 'all were refused');
  mend();
  for (const [index, client] of [last, ...others].entries()) {
    await from(client, againFrom(points[index + 1] ?? 'mail'));
    assert.equal(storedWhole(fixture), undefined);
  }
});

test('with a plugin that cannot be used, no mail passes it by, and it is loaded when it is mended', async (t) => {
  const { fixture, plugin } = await withFailingPlugin(t, 'tempfail', 'export default plugin((');
  await plugin.line(/ cannot be used: /);
  const client = await before(fixture, 'mail');
  assert.match(await at(client, 'mail'), failedReply('mail'));
  nothingStored(fixture, 'mail');
  plugin.write('tried.ts', failingPlugin);
  await plugin.line(/ is ready: /);
  await from(client, 'mail');
  assert.equal(storedWhole(fixture), undefined);
});

test('another plugin that cannot be used refuses mail that began with the one before it', async (t) => {
  const { fixture, plugin } = await withFailingPlugin(t);
  const begun = points.filter((point) => rank(point) >= rank('mail'));
  const clients = await Promise.all(begun.map((point) => before(fixture, point)));
  plugin.host.configure({ ...plugin.settings, file: `${plugin.file}.gone` });
  await plugin.line(/ cannot be used: .*does not exist; meanwhile what it is asked fails$/);
  for (const [index, client] of clients.entries()) {
    const point = begun[index] ?? 'mail';
    assert.match(await at(client, point), failedReply(point), point);
    nothingStored(fixture, point);
  }
  plugin.host.configure(plugin.settings);
  for (const [index, client] of clients.entries()) {
    await from(client, againFrom(begun[index] ?? 'mail'));
    assert.equal(storedWhole(fixture), undefined);
  }
});
