// Checks of clients in real sessions: the consequence of each, and what is left alone.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EventCounters } from '../../src/log/event-counters.ts';
import { confirmedNames } from '../../src/dns/confirmed-names.ts';
import {
  ClientChecksStage,
  type ClientChecksParts,
} from '../../src/policy/client-checks/client-checks-stage.ts';
import { goOn, type StageResult } from '../../src/policy/stage.ts';
import { StageTally } from '../../src/policy/stage-tally.ts';
import { type CheckAction, type ClientCheck, clientChecks } from '../../src/values/client-check.ts';
import type { Zone } from '../../sim/dns/zone.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';
import { exempting, from, recipient, sent } from './dns-lists-fixture.ts';
import { start } from './fixture.ts';

const zone: Zone = { 'sender.test': { a: ['192.0.2.1'] }, 'failing.test': { behaviour: 'servfail' } };

async function checking(
  t: TestContext,
  actions: Partial<Record<ClientCheck, CheckAction>>,
  parts: Partial<ClientChecksParts> = {},
  isTest = false,
) {
  const resolver = zoneResolver(zone);
  const counters = new EventCounters();
  const off = Object.fromEntries(clientChecks.map((check) => [check, 'off'])) as Record<
    ClientCheck,
    CheckAction
  >;
  const stage = new ClientChecksStage({
    name: 'checks',
    audience: 'unknown',
    onFailure: 'tempfail',
    breaker: undefined,
    timeLimitMs: 30_000,
    actions: { ...off, ...actions },
    lookupFailure: 'off',
    exemptions: exempting({}),
    field: 'X-Client-Checks',
    surroundings: {
      lookups: {
        names: (address) => confirmedNames(address, resolver),
        addresses: resolver.addresses,
        mx: resolver.mx,
      },
      isOurs: (name) => name === 'mx.example.org',
      isGeneric: () => false,
      isNotGeneric: () => false,
    },
    tally: new StageTally('checks', counters),
    ...parts,
  });
  const results: (StageResult | undefined)[] = [];
  const fixture = await start(t, {
    networks: ['10.0.0.0'],
    balancers: ['127.0.0.0/8'],
    stages: [
      { stage, isCounted: true, isTest },
      {
        stage: {
          name: 'after',
          content: (facts) => {
            results.push(facts.resultOf('checks'));
            return goOn;
          },
        },
      },
    ],
  });
  return { fixture, counters, results, asked: resolver.asked };
}

test('a client that fails a check is refused, for each recipient, and may try another name', async (t) => {
  const { fixture, counters } = await checking(t, { helo_is_ours: 'reject' });
  const client = await from(fixture, '192.0.2.9', 'mx.example.org');
  const reply = '550 5.7.1 "mx.example.org" in HELO is this server, and not you';
  assert.equal(await recipient(client), reply);
  assert.equal(await client.ask('RCPT TO:<c@example.com>\r\n'), reply);
  assert.deepEqual(counters.counts, { 'stage checks failed:helo_is_ours': 1 });
  assert.match(await client.ask('EHLO client.test\r\n'), /^250/);
  assert.match(await recipient(client), /^250/);
});

test('the literal of where a front end says that the client has connected is ours', async (t) => {
  const { fixture } = await checking(t, { helo_is_ours: 'reject' });
  assert.match(await recipient(await from(fixture, '192.0.2.9', '[192.0.2.25]')), /^550 5\.7\.1/);
});

test('of several checks that fail, the most severe action counts', async (t) => {
  const { fixture } = await checking(t, {
    helo_not_qualified: 'mark',
    name_missing: 'tempfail',
    sender_unknown: 'reject',
  });
  const client = await from(fixture, '192.0.2.9', 'desktop');
  assert.equal(
    await recipient(client, 'a@gone.test'),
    '550 5.1.8 The sender domain gone.test takes no mail: it has neither MX nor address',
  );
  await client.ask('RSET\r\n');
  assert.equal(
    await recipient(client),
    '450 4.7.25 192.0.2.9 has no name in the reverse DNS; try again later',
  );
});

test('mail is held or marked, and stages behind know what has failed', async (t) => {
  const held = await checking(t, { name_missing: 'quarantine' });
  assert.match(await sent(await from(held.fixture)), /^250/);
  assert.equal(held.fixture.spool.kept[0]?.envelope.quarantine, 'client checks: name_missing');
  const marked = await checking(t, { name_missing: 'mark', helo_not_qualified: 'mark' });
  const forged = 'X-Client-Checks: none\r\nFrom: a@sender.test\r\n\r\nhello';
  assert.match(await sent(await from(marked.fixture, '192.0.2.9', 'desktop'), forged), /^250/);
  const content = marked.fixture.spool.kept[0]?.content ?? '';
  assert.match(content, /\r\nX-Client-Checks: helo_not_qualified, name_missing\r\nFrom:/u);
  assert.doesNotMatch(content, /none/u);
  assert.deepEqual(marked.results, [
    { failed: 'helo_not_qualified name_missing', unknown: '', name: '', action: 'mark' },
  ]);
});

test('a fault of the DNS refuses nobody unless it is asked for, and then for now', async (t) => {
  const off = await checking(t, { sender_unknown: 'reject' });
  assert.match(await sent(await from(off.fixture), 'x: y\r\n', 'a@failing.test'), /^250/);
  assert.equal(off.results[0]?.['unknown'], 'sender_unknown sender_null_mx');
  const later = await checking(t, { sender_unknown: 'reject' }, { lookupFailure: 'tempfail' });
  assert.equal(
    await recipient(await from(later.fixture), 'a@failing.test'),
    '450 4.4.3 The sender domain that you give cannot be looked up now, try again later',
  );
  const marked = await checking(t, { sender_unknown: 'reject' }, { lookupFailure: 'mark' });
  assert.match(await sent(await from(marked.fixture), 'x: y\r\n', 'a@failing.test'), /^250/);
  assert.match(marked.fixture.spool.kept[0]?.content ?? '', /X-Client-Checks: sender_unknown\r\n/u);
});

test('exceptions are left alone: clients, their names, senders', async (t) => {
  for (const exemptions of [
    exempting({ exceptClients: [{ address: '192.0.2.0', prefix: 24 }] }),
    exempting({ exceptNames: [{ kind: 'suffix', domain: 'known.test' }] }),
    exempting({ exceptSenders: [{ kind: 'domain', domain: 'sender.test' }] }),
  ]) {
    const { fixture } = await checking(t, { name_missing: 'reject' }, { exemptions });
    assert.match(await sent(await from(fixture)), /^250/);
  }
});

test('in a test, what would be refused goes on', async (t) => {
  const { fixture } = await checking(t, { name_missing: 'reject' }, {}, true);
  assert.match(await sent(await from(fixture)), /^250/);
  assert.equal(fixture.counters.counts['stage checks test reject'], 1);
});

test('checks without look-ups ask nobody', async (t) => {
  const { fixture, asked } = await checking(t, { helo_syntax: 'reject', helo_literal: 'reject' });
  assert.match(await recipient(await from(fixture)), /^250/);
  assert.deepEqual(asked, []);
});
