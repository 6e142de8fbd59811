// The keeper of MTA-STS policies: when it waits, what it keeps, what ends a policy (RFC 8461 3.3, 5.1, 10.2), on virtual time.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { settled, VirtualTimers } from '../../sim/virtual-timers.ts';
import type { Answer } from '../../src/dns/types.ts';
import type { FetchedPolicy } from '../../src/sts/fetch-policy.ts';
import { PolicyKeeper } from '../../src/sts/policy-keeper.ts';
import type { StsMode } from '../../src/sts/sts-policy.ts';
import type { StsAnswer } from '../../src/values/sts-policies.ts';
import { keptLog } from '../process/quiet-log.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const failed: FetchedPolicy = { kind: 'failed', result: 'sts-policy-fetch-error', reason: 'it answered 404' };
const gone: Answer<string> = { kind: 'nodata', ttlSeconds: 60, authenticated: false };
const servfail: Answer<string> = { kind: 'failed', reason: 'SERVFAIL' };

function fetched(mode: StsMode, mx = ['mx.far.test'], maxAgeSeconds = 7 * 86_400): FetchedPolicy {
  return { kind: 'fetched', policy: { mode, mx, maxAgeSeconds } };
}

function record(id: string): Answer<string> {
  const records = [`v=STSv1; id=${id}`];
  return { kind: 'found', records, ttlSeconds: 60, authenticated: false, canonicalName: '' };
}

function ground() {
  const timers = new VirtualTimers();
  timers.clock.passTo(Date.UTC(2026, 0, 1));
  const dns = new Map<string, Answer<string>>();
  const fetches: string[] = [];
  /** Answers of policy servers; those that have none hang. */
  const servers = new Map<string, FetchedPolicy>();
  const hanging = new Map<string, (answer: FetchedPolicy) => void>();
  const reported: string[] = [];
  const log = keptLog();
  const world = { changes: 0 };
  const newKeeper = () => {
    const keeper = new PolicyKeeper({
      timers,
      dateMs: timers.nowMs,
      random: () => 0.5,
      log,
      changed: () => world.changes++,
      failed: (domain, { result }) => reported.push(`${domain} ${result}`),
    });
    keeper.use(newSource());
    return keeper;
  };
  const newSource = () => ({
    resolver: { txt: (name: string) => Promise.resolve(dns.get(name.replace('_mta-sts.', '')) ?? gone) },
    hostsOf: () => Promise.resolve(['mx.far.test', 'other.test']),
    fetch: (domain: string) => {
      fetches.push(domain);
      const answer = servers.get(domain);
      if (answer !== undefined) return Promise.resolve(answer);
      return new Promise<FetchedPolicy>((resolve) => hanging.set(domain, resolve));
    },
  });
  const keeper = newKeeper();
  /** The answer, or that there is none yet. */
  const ask = async (domain = 'far.test', of = keeper): Promise<StsAnswer | 'waits'> => {
    let found: StsAnswer | 'waits' = 'waits';
    void Promise.resolve(of.policyOf(domain)).then((answer) => (found = answer));
    await settled();
    return found;
  };
  const mode = async (domain?: string, of?: PolicyKeeper) => {
    const answer = await ask(domain, of);
    if (answer === 'waits') return answer;
    return answer.kind === 'none' ? 'none' : answer.mode;
  };
  dns.set('far.test', record('1'));
  servers.set('far.test', fetched('enforce'));
  return {
    timers,
    dns,
    servers,
    hanging,
    fetches,
    reported,
    log,
    world,
    keeper,
    newKeeper,
    newSource,
    ask,
    mode,
  };
}

suite('without a known policy', () => {
  test('the first mail waits for the fetch, and the policy is known then', async () => {
    const { servers, hanging, fetches, ask, mode } = ground();
    servers.clear();
    assert.equal(await mode(), 'waits');
    hanging.get('far.test')?.(fetched('enforce'));
    await settled();
    const answer = await ask();
    assert.ok(answer !== 'waits' && answer.kind === 'policy');
    assert.deepEqual([answer.mode, answer.id, answer.mx], ['enforce', '1', ['mx.far.test']]);
    assert.equal(answer.expiresAtMs - answer.fetchedAtMs, 7 * dayMs);
    assert.deepEqual(fetches, ['far.test']);
  });

  test('questions at one time are one fetch', async () => {
    const { servers, fetches, mode } = ground();
    servers.clear();
    assert.deepEqual(await Promise.all([mode(), mode(), mode()]), ['waits', 'waits', 'waits']);
    assert.equal(fetches.length, 1);
  });

  test('a server that hangs delays nobody else', async () => {
    const { dns, servers, mode } = ground();
    for (let index = 0; index < 90; index++) {
      dns.set(`hangs${index}.test`, record('1'));
      assert.equal(await mode(`hangs${index}.test`), 'waits');
    }
    servers.set('far.test', fetched('testing'));
    assert.equal(await mode(), 'testing');
  });

  test('more servers that hang than there are places delay others by seconds only', async () => {
    const { timers, dns, mode } = ground();
    for (let index = 0; index < 150; index++) {
      dns.set(`hangs${index}.test`, record('1'));
      await mode(`hangs${index}.test`);
    }
    assert.equal(await mode(), 'waits');
    await timers.pass(10_001);
    assert.equal(await mode(), 'enforce');
  });

  test('after a failed fetch there is none for five minutes, and then nobody waits', async () => {
    const { timers, servers, hanging, fetches, reported, mode, ask } = ground();
    servers.set('far.test', failed);
    assert.equal(await mode(), 'none');
    assert.deepEqual(reported, ['far.test sts-policy-fetch-error']);
    await timers.pass(4 * minuteMs);
    const answer = await ask();
    assert.deepEqual(answer, { kind: 'none', ttlSeconds: 60 });
    assert.equal(fetches.length, 1);
    await timers.pass(minuteMs);
    servers.clear();
    assert.equal(await mode(), 'none');
    assert.equal(fetches.length, 2);
    hanging.get('far.test')?.(fetched('enforce'));
    await settled();
    assert.equal(await mode(), 'enforce');
  });

  test('without a record nothing is fetched', async () => {
    const { dns, fetches, mode } = ground();
    dns.delete('far.test');
    assert.equal(await mode(), 'none');
    assert.deepEqual(fetches, []);
  });

  test('a failed look-up of the record is not repeated for five minutes, and the fetch after it is waited for', async () => {
    const { timers, dns, servers, reported, mode } = ground();
    dns.set('far.test', servfail);
    assert.equal(await mode(), 'none');
    dns.set('far.test', record('1'));
    assert.equal(await mode(), 'none');
    await timers.pass(5 * minuteMs);
    servers.clear();
    assert.equal(await mode(), 'waits');
    assert.deepEqual(reported, []);
  });

  test('a reload in the middle of a fetch begins anew', async () => {
    const { servers, hanging, fetches, reported, keeper, newSource, mode } = ground();
    servers.clear();
    assert.equal(await mode(), 'waits');
    const before = hanging.get('far.test');
    keeper.use(newSource());
    before?.(failed);
    servers.set('far.test', fetched('enforce'));
    assert.equal(await mode(), 'enforce');
    assert.equal(fetches.length, 2);
    assert.deepEqual(reported, []);
  });
});

suite('a known policy', () => {
  test('is answered at once while a new one is fetched, which then replaces it', async () => {
    const { timers, dns, servers, hanging, mode } = ground();
    assert.equal(await mode(), 'enforce');
    dns.set('far.test', record('2'));
    servers.clear();
    await timers.pass(2 * minuteMs);
    assert.equal(await mode(), 'enforce');
    hanging.get('far.test')?.(fetched('testing'));
    await settled();
    assert.equal(await mode(), 'testing');
  });

  test('with the same id is not fetched for new mail', async () => {
    const { timers, fetches, mode } = ground();
    for (let minutes = 0; minutes < 100; minutes++) {
      assert.equal(await mode(), 'enforce');
      await timers.pass(minuteMs);
    }
    assert.equal(fetches.length, 1);
  });

  for (const [what, answer] of [
    ['is gone', gone],
    ['cannot be looked up', servfail],
    ['is there twice', { ...record('2'), records: ['v=STSv1; id=1', 'v=STSv1; id=2'] }],
  ] as const) {
    test(`stays until its end when the record ${what}, and no longer`, async () => {
      const { timers, dns, mode } = ground();
      assert.equal(await mode(), 'enforce');
      dns.set('far.test', answer as Answer<string>);
      await timers.pass(7 * dayMs - 1);
      assert.equal(await mode(), 'enforce');
      await timers.pass(1);
      assert.equal(await mode(), 'none');
    });
  }

  test('stays until its end when the new one cannot be fetched', async () => {
    const { timers, dns, servers, reported, mode, keeper } = ground();
    assert.equal(await mode(), 'enforce');
    dns.set('far.test', record('2'));
    servers.set('far.test', failed);
    await timers.pass(2 * minuteMs);
    assert.equal(await mode(), 'enforce');
    assert.equal(await mode(), 'enforce');
    assert.equal(keeper.about('far.test').failure?.reason, 'it answered 404');
    assert.deepEqual(reported, ['far.test sts-policy-fetch-error']);
    await timers.pass(7 * dayMs);
    assert.equal(await mode(), 'none');
  });

  test('is refreshed about daily without any mail, so that it does not end', async () => {
    const { timers, fetches, mode } = ground();
    assert.equal(await mode(), 'enforce');
    await timers.pass(10 * dayMs);
    assert.equal(await mode(), 'enforce');
    assert.ok(fetches.length >= 10 && fetches.length <= 20, `${fetches.length} fetches in ten days`);
  });

  test('that no mail has used for a month is not refreshed any more', async () => {
    const { timers, fetches, mode, keeper } = ground();
    assert.equal(await mode(), 'enforce');
    await timers.pass(45 * dayMs);
    assert.ok(fetches.length < 60, `${fetches.length} fetches`);
    assert.equal(keeper.about('far.test').known, undefined);
  });

  test('ends with a policy of mode none, which is not fetched again for the next mail', async () => {
    const { timers, dns, servers, fetches, keeper, mode } = ground();
    assert.equal(await mode(), 'enforce');
    dns.set('far.test', record('2'));
    servers.set('far.test', fetched('none', []));
    await timers.pass(2 * minuteMs);
    await mode();
    assert.equal(await mode(), 'none');
    assert.equal(keeper.about('far.test').known, undefined);
    await mode();
    assert.equal(fetches.length, 2);
  });

  test('of max_age 0 lives for five minutes', async () => {
    const { timers, servers, fetches, mode } = ground();
    servers.set('far.test', fetched('enforce', ['mx.far.test'], 0));
    assert.equal(await mode(), 'enforce');
    await timers.pass(minuteMs);
    assert.equal(await mode(), 'enforce');
    const before = fetches.length;
    await timers.pass(5 * minuteMs);
    assert.equal(await mode(), 'enforce');
    assert.ok(fetches.length > before);
  });

  test('is known after a restart', async () => {
    const { servers, keeper, newKeeper, mode } = ground();
    assert.equal(await mode(), 'enforce');
    const next = newKeeper();
    next.restore(keeper.snapshot());
    servers.clear();
    assert.equal(await mode('far.test', next), 'enforce');
  });

  test('is fetched anew for an operator, also without another id', async () => {
    const { servers, keeper, fetches, mode, world } = ground();
    assert.equal(await mode(), 'enforce');
    servers.set('far.test', fetched('testing'));
    const { changes } = world;
    assert.equal(await keeper.renew('far.test'), 'replaced');
    assert.ok(world.changes > changes);
    assert.equal(await mode(), 'testing');
    assert.equal(fetches.length, 2);
    assert.equal(await keeper.renew('other.test'), 'none known');
  });

  test('stays when an operator has it fetched anew and no other one can be had', async () => {
    const { dns, servers, keeper, mode, timers } = ground();
    assert.equal(await mode(), 'enforce');
    servers.set('far.test', failed);
    assert.equal(await keeper.renew('far.test'), 'kept');
    assert.equal(keeper.about('far.test').failure?.reason, 'it answered 404');
    for (const answer of [servfail, { ...record('1'), records: ['v=STSv1; id=1', 'v=STSv1; id=2'] }]) {
      dns.set('far.test', answer);
      assert.equal(await keeper.renew('far.test'), 'kept');
    }
    await timers.pass(minuteMs);
    assert.equal(await mode(), 'enforce');
    // A failure of before does not keep an operator from trying again.
    dns.set('far.test', record('2'));
    servers.set('far.test', fetched('testing'));
    assert.equal(await keeper.renew('far.test'), 'replaced');
    assert.equal(await mode(), 'testing');
  });

  test('ends for an operator where the domain has no record any more, or has ended it', async () => {
    for (const isEnded of [true, false]) {
      const { dns, servers, keeper, mode } = ground();
      assert.equal(await mode(), 'enforce');
      if (isEnded) servers.set('far.test', fetched('none'));
      else dns.set('far.test', gone);
      assert.equal(await keeper.renew('far.test'), 'forgotten');
      assert.equal(keeper.current('far.test'), undefined);
      assert.equal(await mode(), 'none');
    }
  });
});

test('policies are bounded in number: the least recently used make room', async () => {
  const { dns, servers, mode, keeper } = ground();
  const mx = Array.from({ length: 40 }, (_, index) => `host${index}.${'x'.repeat(60)}.test`);
  for (let index = 0; index < 3_000; index++) {
    dns.set(`d${index}.test`, record('1'));
    servers.set(`d${index}.test`, fetched('enforce', mx));
    assert.equal(await mode(`d${index}.test`), 'enforce');
    if (index % 100 === 0) await mode('d0.test');
  }
  assert.ok(keeper.snapshot().length < 3_000);
  assert.notEqual(keeper.about('d0.test').known, undefined);
  assert.equal(keeper.about('d1.test').known, undefined);
});

test('which hosts the policy allows can be asked for', async () => {
  const { keeper, mode } = ground();
  assert.deepEqual(await keeper.hostsOf('far.test'), []);
  await mode();
  assert.deepEqual(await keeper.hostsOf('far.test'), [
    { host: 'mx.far.test', fits: true },
    { host: 'other.test', fits: false },
  ]);
});
