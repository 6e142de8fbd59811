// Stages that are asked about mail of some tenants alone, in real sessions.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Places } from '../../src/io/places.ts';
import { FollowedFile } from '../../src/policy/followed-file.ts';
import { parseTenantSppControl } from '../../src/policy/qmail-spp/control-file.ts';
import { PluginPrograms } from '../../src/policy/qmail-spp/plugin-programs.ts';
import { QmailSppStage } from '../../src/policy/qmail-spp/spp-stage.ts';
import { goOn, type Point, points, type Stage, type Verdict } from '../../src/policy/stage.ts';
import type { Tenant } from '../../src/policy/tenants.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Client, greeted, start } from './fixture.ts';

const tenants: readonly Tenant[] = ['shop', 'news'].map((name) => ({
  name,
  sender: [{ kind: 'domain', domain: `${name}.example` }],
  client: [],
  priority: 0,
}));

/** Notes where it is asked. */
function noting(name: string, seen: string[], answers: Partial<Record<Point, Verdict>> = {}): Stage {
  const ask = (point: Point) => (): Verdict => {
    seen.push(`${name} ${point}`);
    return answers[point] ?? goOn;
  };
  return { name, ...Object.fromEntries(points.map((point) => [point, ask(point)])) };
}

async function send(client: Client, sender: string): Promise<string> {
  const reply = await client.ask(`MAIL FROM:<${sender}>\r\n`);
  if (!reply.startsWith('250')) return reply;
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('DATA\r\n');
  return client.ask('Subject: x\r\n\r\nhello\r\n.\r\n');
}

const ofMessage = ['mail', 'rcpt', 'data', 'headers', 'content'];

test('a stage of a tenant is asked from MAIL on, in its place among the others', async (t) => {
  const seen: string[] = [];
  const fixture = await start(t, {
    tenants,
    stages: [
      { stage: noting('first', seen) },
      { stage: noting('shop', seen), tenants: ['shop'] },
      { stage: noting('both', seen), tenants: ['shop', 'news'] },
      { stage: noting('last', seen) },
    ],
  });
  const client = await greeted(fixture);
  assert.deepEqual(seen.splice(0), ['first connect', 'last connect', 'first helo', 'last helo']);
  const askedFor = async (sender: string): Promise<readonly string[]> => {
    assert.match(await send(client, sender), /^250/);
    return seen.splice(0);
  };
  const rows = (...names: string[]): string[] =>
    ofMessage.flatMap((point) => names.map((name) => `${name} ${point}`));
  assert.deepEqual(await askedFor('a@shop.example'), rows('first', 'shop', 'both', 'last'));
  assert.deepEqual(await askedFor('a@news.example'), rows('first', 'both', 'last'));
  assert.deepEqual(await askedFor('a@elsewhere.example'), rows('first', 'last'));
  assert.deepEqual(await askedFor('a@shop.example'), rows('first', 'shop', 'both', 'last'));
});

test('it may refuse the sender, and the next message is judged by its own tenant', async (t) => {
  const seen: string[] = [];
  const reply = { code: 550, enhanced: '5.7.1', text: 'Not today' };
  const fixture = await start(t, {
    tenants,
    stages: [{ stage: noting('shop', seen, { mail: { kind: 'reject', reply } }), tenants: ['shop'] }],
  });
  const client = await greeted(fixture);
  assert.equal(await send(client, 'a@shop.example'), '550 5.7.1 Not today');
  assert.match(await send(client, 'a@news.example'), /^250/);
  assert.equal(await send(client, 'a@shop.example'), '550 5.7.1 Not today');
  assert.deepEqual(seen, ['shop mail', 'shop mail']);
});

test('a stage that says later whose mail it is decides about the stages after it', async (t) => {
  const seen: string[] = [];
  const naming: Stage = {
    name: 'naming',
    mail: () =>
      Promise.resolve<Verdict>({
        kind: 'continue',
        edits: [{ kind: 'set-tenant', name: 'news', priority: undefined }],
      }),
  };
  const fixture = await start(t, {
    tenants,
    stages: [
      { stage: noting('before', seen), tenants: ['news'] },
      { stage: naming },
      { stage: noting('after', seen), tenants: ['news'] },
    ],
  });
  const client = await greeted(fixture);
  await send(client, 'a@shop.example');
  assert.deepEqual(seen.slice(0, 3), ['after mail', 'before rcpt', 'after rcpt']);
});

test('plugins of qmail-spp for a tenant are run from MAIL on', async (t) => {
  const folder = temporaryFolder(t, 'tenant-stages').path;
  const path = join(folder, 'smtpplugins');
  writeFileSync(path, '[mail]\n:echo "HX-Plugin: $SMTPMAILFROM $SMTPHELOHOST"\n');
  let nowMs = 0;
  const stage = new QmailSppStage({
    name: 'plugins',
    timeLimitMs: 60_000,
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    control: new FollowedFile({
      path,
      mostBytes: 1000,
      lookEveryMs: 1000,
      parse: parseTenantSppControl,
      nowMs: () => (nowMs += 10_000),
    }),
    programs: new PluginPrograms({
      home: folder,
      surroundings: { hostname: 'mx.example.org', base: { PATH: process.env['PATH'] ?? '' } },
      places: new Places(1, 10),
      names: undefined,
      complain: assert.fail,
    }),
    acceptsDomain: () => true,
  });
  const fixture = await start(t, { tenants, stages: [{ stage, tenants: ['shop'] }] });
  const client = await greeted(fixture);
  await send(client, 'a@shop.example');
  await send(client, 'a@news.example');
  assert.match(fixture.spool.kept[0]?.content ?? '', /^X-Plugin: a@shop\.example client\.example\r\n/m);
  assert.doesNotMatch(fixture.spool.kept[1]?.content ?? '', /X-Plugin/);
  // What would never be run is a failure, for mail of that tenant alone.
  writeFileSync(path, '[rcpt]\n:true\n[helo]\n:echo E550 no\n');
  assert.match(await send(client, 'a@shop.example'), /^451 4\.3\.0/);
  assert.match(await send(client, 'a@news.example'), /^250/);
});
