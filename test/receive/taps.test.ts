// Taps in real sessions: messages are stored with the copies that taps ask for, or not accepted.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FollowedFile } from '../../src/policy/followed-file.ts';
import { parseTapFile } from '../../src/policy/taps/tap-file.ts';
import { TapRules } from '../../src/policy/taps/tap-rules.ts';
import { type NotedCopy, type TapSet, TapStage } from '../../src/policy/taps/tap-stage.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

async function withTaps(
  t: TestContext,
  sets: readonly Partial<TapSet>[],
  mayRelay = true,
): Promise<[Fixture, NotedCopy[]]> {
  const copies: NotedCopy[] = [];
  const whole = sets.map(
    (set, index) =>
      ({
        name: `tap${index}`,
        direction: 'both',
        tenants: undefined,
        rules: new TapRules([]),
        ...set,
      }) as const,
  );
  const stage = new TapStage(whole, (copy) => copies.push(copy));
  const fixture = await start(t, { stages: [{ stage }], networks: [mayRelay ? '127.0.0.0' : '10.0.0.0'] });
  return [fixture, copies];
}

async function send(client: Client, sender: string, ...recipients: string[]): Promise<string> {
  await client.ask(`MAIL FROM:<${sender}>\r\n`);
  for (const recipient of recipients) await client.ask(`RCPT TO:<${recipient}>\r\n`);
  const reply = await client.ask('DATA\r\n');
  return reply.startsWith('354') ? client.ask('Subject: x\r\n\r\nhello\r\n.\r\n') : reply;
}

function lines(text: string): TapRules {
  return new TapRules(parseTapFile(text));
}

function copiesOf(fixture: Fixture, index: number): readonly string[] {
  const { recipients = [] } = fixture.spool.kept[index]?.envelope ?? {};
  return recipients.flatMap(({ address, isCopy }) => (isCopy === true ? [address] : []));
}

test('the copy is a recipient in the record of its message, of whose failure nobody hears', async (t) => {
  const [fixture, copies] = await withTaps(t, [{ rules: lines('F:^joe@:archive@x.example\n') }]);
  const client = await greeted(fixture);
  assert.match(await send(client, 'joe@example.net', 'b@example.com'), /^250 /);
  assert.deepEqual(fixture.spool.kept[0]?.envelope.recipients, [
    { address: 'b@example.com' },
    {
      address: 'archive@x.example',
      isCopy: true,
      notify: { never: true, success: false, failure: false, delay: false },
    },
  ]);
  assert.deepEqual(fixture.submitted[0]?.copies, [1]);
  assert.deepEqual(
    copies.map(({ queueId, set, hit }) => [queueId, set, hit.address, hit.isSender]),
    [['ID1', 'tap0', 'joe@example.net', true]],
  );
  assert.match(await send(client, 'ann@example.net', 'b@example.com'), /^250 /);
  assert.deepEqual(copiesOf(fixture, 1), []);
  assert.equal(fixture.submitted[1]?.copies, undefined);
});

test('each tap copies once, and one address gets one copy', async (t) => {
  const [fixture, copies] = await withTaps(t, [
    { rules: lines('T:a@:one@x.example\nT:b@:two@x.example') },
    { rules: lines('A:b@:ONE@x.example') },
    { rules: lines('A:b@:three@x.example') },
  ]);
  await send(await greeted(fixture), 'joe@example.net', 'a@example.com', 'b@example.com');
  assert.deepEqual(copiesOf(fixture, 0), ['one@x.example', 'three@x.example']);
  assert.equal(copies.length, 3);
});

test('a tap is for mail of one direction, and of some tenants', async (t) => {
  const sets = [
    { direction: 'in', rules: lines('.:in@x.example') },
    { direction: 'out', rules: lines('.:out@x.example') },
    { tenants: new Set(['someone']), rules: lines('.:tenant@x.example') },
  ] as const;
  const [ours] = await withTaps(t, sets);
  await send(await greeted(ours), 'joe@example.net', 'b@example.com');
  assert.deepEqual(copiesOf(ours, 0), ['out@x.example']);
  const [others] = await withTaps(t, sets, false);
  await send(await greeted(others), 'joe@example.net', 'b@example.com');
  assert.deepEqual(copiesOf(others, 0), ['in@x.example']);
});

test('a file of taps is read anew for each message, and no mail is taken while nobody can understand it', async (t) => {
  const { path: folder } = temporaryFolder(t, 'taps');
  const path = join(folder, 'taps');
  writeFileSync(path, 'joe:one@x.example\n');
  const rules = new FollowedFile({ path, mostBytes: 1000, lookEveryMs: 0, parse: lines, nowMs: () => 0 });
  const [fixture] = await withTaps(t, [{ rules }]);
  const client = await greeted(fixture);
  await send(client, 'joe@example.net', 'b@example.com');
  writeFileSync(path, 'joe:second@x.example\n');
  await send(client, 'joe@example.net', 'b@example.com');
  assert.deepEqual([copiesOf(fixture, 0), copiesOf(fixture, 1)], [['one@x.example'], ['second@x.example']]);
  for (const spoil of [
    () => writeFileSync(path, 'joe:one@x.example\n(:two@x.example\n'),
    () => writeFileSync(path, `${'#'.repeat(2000)}\n`),
    () => rmSync(path),
  ]) {
    spoil();
    assert.match(await send(client, 'nobody@example.net', 'b@example.com'), /^451 4\.3\.0 /);
    await client.ask('RSET\r\n');
  }
  writeFileSync(path, '');
  assert.match(await send(client, 'joe@example.net', 'b@example.com'), /^250 /);
  assert.deepEqual(copiesOf(fixture, 2), []);
});

test('a tap for local or for remote recipients looks at no others, and its copies have its route', async (t) => {
  const rules = lines('F:^joe@:archive@x.example\nT:@:archive@x.example\n');
  const copies: NotedCopy[] = [];
  const taps = new TapStage(
    [
      { name: 'local', direction: 'both', tenants: undefined, rules, destination: 'local' },
      {
        name: 'remote',
        direction: 'both',
        tenants: undefined,
        rules: lines('A:@:far@x.example'),
        destination: 'remote',
        route: 'bulk',
      },
    ],
    (copy) => copies.push(copy),
    (domain) => domain === 'example.com',
  );
  const fixture = await start(t, { stages: [{ stage: taps }] });
  const client = await greeted(fixture);
  await send(client, 'joe@example.net', 'b@far.example');
  await send(client, 'joe@example.net', 'b@EXAMPLE.com');
  await send(client, 'ann@example.net', 'b@example.com', 'c@far.example');
  const stored = fixture.spool.kept.map(({ envelope: { recipients } }) =>
    recipients.flatMap(({ address, isCopy, route }) => (isCopy === true ? [[address, route]] : [])),
  );
  assert.deepEqual(stored, [
    [['far@x.example', 'bulk']],
    [['archive@x.example', undefined]],
    [
      ['archive@x.example', undefined],
      ['far@x.example', 'bulk'],
    ],
  ]);
  assert.deepEqual(
    copies.map(({ set, hit }) => [set, hit.address]),
    [
      ['remote', 'joe@example.net'],
      ['local', 'joe@example.net'],
      ['local', 'b@example.com'],
      ['remote', 'ann@example.net'],
    ],
  );
});
