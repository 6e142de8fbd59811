// Operators' questions about limits, with the real scheduler and a router that knows three domains.

import assert from 'node:assert/strict';
import { PipeliningMemory } from '../../src/manager/pipelining-memory.ts';
import { LastHandshakes } from '../../src/manager/last-handshakes.ts';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import type { OverrideChange } from '../../src/control/operations/overrides.ts';
import { SteadyClock } from '../../src/io/steady-clock.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { LiveSrs } from '../../src/srs/live-srs.ts';
import { InForce } from '../../src/manager/in-force.ts';
import { Overrides } from '../../src/manager/overrides.ts';
import { Shaping } from '../../src/manager/shaping.ts';
import type { RoutePlan, Router } from '../../src/route/types.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { systemFacts } from '../../src/settings/system-facts.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import { noVerp } from './no-verp.ts';

const forever = { validUntilMs: Number.MAX_SAFE_INTEGER };
const aol: RoutePlan = {
  kind: 'relay',
  site: 'mx:mx1.aol.com,mx2.aol.com',
  label: 'mx1.aol.com,mx2.aol.com',
  addresses: [smtpHop('mx1.aol.com', '192.0.2.1', 25, 10), smtpHop('mx2.aol.com', '192.0.2.2', 25, 20)],
  ...forever,
};
const gone: RoutePlan = {
  kind: 'error',
  permanent: true,
  replyCode: 556,
  enhancedStatus: '5.1.10',
  text: 'gone.example takes no mail',
  ...forever,
};
const broken: RoutePlan = {
  kind: 'error',
  permanent: false,
  replyCode: 451,
  enhancedStatus: '4.4.3',
  text: 'the MX of broken.example could not be looked up',
  ...forever,
};
const plans: Readonly<Record<string, RoutePlan>> = {
  'mx:aol.com': aol,
  'mx:aol.co.uk': aol,
  'mx:gone.example': gone,
  'mx:broken.example': broken,
};

const router: Router = {
  routeOf: (_sender, recipient) => {
    const domain = recipient.slice(recipient.indexOf('@') + 1);
    return { key: `mx:${domain}`, domain };
  },
  routePastHolds: (_sender, recipient) => {
    const domain = recipient.slice(recipient.indexOf('@') + 1);
    return { key: `mx:${domain}`, domain };
  },
  routeOfCanonical: (_: string, domain: string) => ({ key: `mx:${domain}`, domain }),
  routeNamed: (name, _sender, recipient) => {
    const domain = recipient.slice(recipient.indexOf('@') + 1);
    return { key: `relay#${name}:${domain}`, domain };
  },
  ruleNameFor: () => '',
  looksAtSenders: false,
  cached: () => undefined,
  resolve: (key) => Promise.resolve(plans[key] ?? broken),
};

const file = `
[deliver]
transactions_per_connection = 50
[adapt]
enabled = false
[[tenant]]
name = "shop"
sender = ["shop.example"]
[[limit]]
per = "domain"
domain = ["aol.com"]
connections = 2
messages_per_connection = 7
`;

async function ground(t: TestContext) {
  const folder = temporaryFolder(t, 'limits');
  const clock = new SteadyClock();
  const overrides = await Overrides.open({
    path: join(folder.path, 'overrides.json'),
    files: nodeFiles,
    timers: nodeTimers,
    log: keptLog(),
    dateMs: clock.dateMs,
    endsMs: clock.dateMs,
    changed: () => scheduler.reconfigure(shaping.renew(), clock.nowMs()),
  });
  folder.atEnd(() => overrides.close());
  const inForce = new InForce(parseConfig(file, 'sluice.toml'), systemFacts);
  const shaping = new Shaping({ inForce, overrides, seed: 1 });
  const scheduler = createScheduler(shaping.limits, clock.nowMs());
  const limits = shaping.operations({
    scheduler,
    domains: { look: () => ({ kind: 'none' }) },
    routing: { router, verp: noVerp },
    handshakes: new LastHandshakes(() => 0),
    logins: { of: () => undefined },
    pipelining: new PipeliningMemory(() => 0),
    sts: { isOn: true, current: () => undefined },
    srs: new LiveSrs(),
    clock,
    timers: nodeTimers,
    overdue: {
      alarmsOf: (domain) => (domain === 'stuck.example' ? ['Message A1 has been ready for long.'] : []),
    },
  });
  return { scheduler, inForce, shaping, limits };
}

function suspend(...targets: string[]): OverrideChange {
  return { kind: 'suspend', targets, reason: 'they asked', by: 'anna' };
}

test('a domain without mail is explained as if there were some, and nothing stays behind', async (t) => {
  const { limits, scheduler } = await ground(t);
  const answer = await limits.explain({ address: 'Someone@AOL.com' });
  assert.deepEqual(answer.route, { name: '', target: 'the MX of aol.com', plugins: [] });
  assert.equal(answer.refusal, undefined);
  const { explanation } = answer;
  assert.equal(explanation.domain, 'aol.com');
  assert.equal(explanation.site, 'mx:mx1.aol.com,mx2.aol.com');
  assert.deepEqual(
    explanation.places.map(({ host, ip, health }) => [host, ip, health]),
    [
      ['mx1.aol.com', '192.0.2.1', 'well'],
      ['mx2.aol.com', '192.0.2.2', 'well'],
    ],
  );
  assert.deepEqual(explanation.binding, []);
  const named = explanation.limits.find(({ key }) => key === 'aol.com');
  assert.deepEqual([named?.used, named?.allowed], [0, 2]);
  assert.equal(answer.rules.find(({ id }) => id === named?.rule)?.origin, 'sluice.toml:9');
  assert.deepEqual(answer.carries, {
    messagesPerConnection: { allowed: 7, origin: 'sluice.toml:9' },
    recipientsPerMessage: { allowed: 100, origin: 'deliver.recipients_per_transaction' },
  });
  assert.deepEqual(scheduler.sites(), []);
  assert.deepEqual(scheduler.effects, []);
});

test('a suspension is what binds, with its reason, and resuming it ends that', async (t) => {
  const { limits } = await ground(t);
  const [set] = await limits.setOverrides(suspend('domain:aol.com'));
  const { explanation, overrides, rules } = await limits.explain({ address: 'aol.com' });
  assert.equal(explanation.binding.length, 1);
  assert.match(explanation.binding[0] ?? '', /suspended|on hold/);
  assert.deepEqual(overrides, [set]);
  assert.equal(rules.find((rule) => rule.isOverride)?.reason, 'they asked');
  await limits.unsetOverrides({ kind: 'suspend', targets: ['domain:aol.com'] });
  assert.deepEqual((await limits.explain({ address: 'aol.com' })).explanation.binding, []);
});

test('suspended mail waits, and goes as soon as it is resumed', async (t) => {
  const { limits, scheduler } = await ground(t);
  await limits.setOverrides(suspend('all'));
  const now = Date.now();
  const message = scheduler.begin({
    queueId: '038G3TFAEY20000',
    receivedAtMs: now,
    nullSender: false,
    held: false,
  });
  scheduler.add(message, {
    recipient: 0,
    route: 'mx:aol.com',
    domain: 'aol.com',
    attempts: 0,
    nextAttemptAtMs: 0,
    lastRefusal: '',
  });
  scheduler.commit(message, now);
  scheduler.routeResolved('mx:aol.com', aol, now);
  assert.deepEqual(
    scheduler.effects.splice(0).map(({ kind }) => kind),
    ['resolve'],
  );
  const { explanation, overrides } = await limits.explain({ address: 'x@aol.com' });
  assert.equal(explanation.recipients.ready, 1);
  assert.deepEqual(
    overrides.map(({ target }) => target),
    ['all'],
  );
  const { limits: status } = await limits.limits({ most: 10 });
  assert.deepEqual(
    status.counters
      .filter(({ parked }) => parked > 0)
      .map(({ rule, allowed, parked }) => [rule, allowed, parked]),
    [['global', 0, 1]],
  );
  await limits.unsetOverrides({ kind: 'suspend', targets: ['all'] });
  assert.deepEqual(
    scheduler.effects.map(({ kind }) => kind),
    ['connect'],
  );
});

test('mail that cannot go anywhere is explained by the answer that it gets', async (t) => {
  const { limits } = await ground(t);
  const forGood = await limits.explain({ address: 'gone.example' });
  assert.deepEqual(forGood.refusal, { permanent: true, reply: '556 5.1.10 gone.example takes no mail' });
  assert.deepEqual(forGood.explanation.binding, [
    'its mail goes back to the sender: 556 5.1.10 gone.example takes no mail',
  ]);
  const forNow = await limits.explain({ address: 'broken.example' });
  assert.deepEqual(forNow.explanation.binding, [
    'its mail waits: 451 4.4.3 the MX of broken.example could not be looked up',
  ]);
  assert.deepEqual(forNow.explanation.places, []);
});

test('the sender says which tenant it is', async (t) => {
  const { limits } = await ground(t);
  const tenantFor = async (question: { sender?: string; tenant?: string }) =>
    (await limits.explain({ address: 'aol.com', ...question })).explanation.tenant;
  assert.equal(await tenantFor({ sender: 'news@shop.example' }), 'shop');
  assert.equal(await tenantFor({ sender: 'x@other.example' }), '');
  assert.equal(await tenantFor({ sender: 'x@other.example', tenant: 'shop' }), 'shop');
});

test('a tenant that there is not is no explanation, unless mail of it is still in the queue', async (t) => {
  const { limits, scheduler } = await ground(t);
  const asked = { address: 'aol.com', tenant: 'zzz' };
  await assert.rejects(limits.explain(asked), {
    code: 'TENANT_UNKNOWN',
    message: 'There is no tenant called "zzz": there are shop.',
  });
  assert.equal((await limits.explain({ ...asked, tenant: '' })).explanation.tenant, '');
  const queueId = 'A00000000000001';
  const message = scheduler.begin({ queueId, receivedAtMs: 1, nullSender: false, held: true, tenant: 'zzz' });
  scheduler.add(message, {
    recipient: 0,
    route: 'mx:elsewhere.example',
    domain: 'elsewhere.example',
    attempts: 0,
    nextAttemptAtMs: 0,
    lastRefusal: '',
  });
  scheduler.commit(message, 1);
  assert.equal((await limits.explain(asked)).explanation.tenant, 'zzz');
});

test('a text that is no address is refused', async (t) => {
  const { limits } = await ground(t);
  for (const address of ['@', 'user@', '*.aol.com', 'a b', 'user@-']) {
    await assert.rejects(limits.explain({ address }), { code: 'ADDRESS_INVALID' }, address);
  }
});

test('a site is named by its hosts, its key, or a domain whose mail goes there', async (t) => {
  const { limits } = await ground(t);
  const target = 'site:mx:mx1.aol.com,mx2.aol.com';
  const [byDomain] = await limits.setOverrides(suspend('site:aol.co.uk'));
  assert.deepEqual([byDomain?.target, byDomain?.label], [target, 'mx1.aol.com,mx2.aol.com']);
  const { explanation } = await limits.explain({ address: 'aol.com' });
  assert.equal(explanation.binding.length, 1, 'another domain of the site');
  assert.equal((await limits.setOverrides(suspend(target)))[0]?.target, target);
  const end = { kind: 'suspend', targets: ['site:mx1.aol.com,mx2.aol.com'] } as const;
  assert.deepEqual(
    (await limits.unsetOverrides(end)).ended.map((each) => each.target),
    [target],
  );
});

test('a site that rests is named by its key, whatever its transport', async (t) => {
  const { limits } = await ground(t);
  for (const key of ['mx:mx.example:25', 'relay#0123', 'lmtp:unix:/run/dovecot/lmtp', 'discard']) {
    assert.equal((await limits.setOverrides(suspend(`site:${key}`))).at(-1)?.target, `site:${key}`);
  }
});

test('sites and tenants that there are not are refused, and nothing of the request is done', async (t) => {
  const { limits } = await ground(t);
  await assert.rejects(limits.setOverrides(suspend('domain:aol.com', 'site:broken.example')), {
    code: 'SITE_UNKNOWN',
    message: /looking it up: 451 4\.4\.3/,
  });
  await assert.rejects(limits.setOverrides(suspend('site:not a site')), { code: 'SITE_UNKNOWN' });
  await assert.rejects(limits.setOverrides(suspend('tenant:shops')), {
    code: 'TENANT_UNKNOWN',
    message: /there are shop/,
  });
  assert.deepEqual(await limits.overrides(), []);
  assert.equal((await limits.setOverrides(suspend('tenant:shop'))).length, 1);
});

test('a reload keeps overrides, and an override keeps what was reloaded', async (t) => {
  const { limits, inForce, shaping, scheduler } = await ground(t);
  await limits.setOverrides(suspend('domain:aol.com'));
  const next = parseConfig(`${file}[[limit]]\nper = "mx"\nconnections = 9\n`, 'sluice.toml');
  inForce.configure(next);
  scheduler.reconfigure(shaping.renew(), Date.now());
  const found = async () => {
    const { explanation, rules } = await limits.explain({ address: 'aol.com' });
    return [explanation.binding.length, rules.some(({ connections }) => connections === 9)];
  };
  assert.deepEqual(await found(), [1, true]);
  await limits.unsetOverrides({ kind: 'suspend', targets: ['domain:aol.com'] });
  assert.deepEqual(await found(), [0, true]);
});

test('mail that makes no progress is told to whoever asks about its destination', async (t) => {
  const { limits } = await ground(t);
  assert.deepEqual((await limits.explain({ address: 'x@stuck.example' })).alarms, [
    'Message A1 has been ready for long.',
  ]);
  assert.equal('alarms' in (await limits.explain({ address: 'x@aol.com' })), false);
});
