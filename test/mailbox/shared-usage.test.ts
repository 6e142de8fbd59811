// Quotas that mailboxes share: what is counted is what is there, whatever is delivered, removed by readers or by Sluice, and wherever a process dies.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { addToUsage, recount } from '../../src/mailbox/quota/mailbox-usage.ts';
import { SharedUsage } from '../../src/mailbox/quota/shared-usage.ts';
import { type SharedQuotas, sharedQuotasOf } from '../../src/values/shared-quotas.ts';

type Settings = Parameters<SharedUsage['take']>[0];

class Ground {
  readonly base = mkdtempSync(join(tmpdir(), 'sluice-shared-'));
  readonly settings: Settings;
  #next = 0;

  constructor(t: TestContext, shared: SharedQuotas) {
    t.after(() => rmSync(this.base, { recursive: true }));
    this.settings = { path: join(this.base, '${domain}/${user}'), shared };
  }

  process(): SharedUsage {
    return new SharedUsage((_, act) => act());
  }

  pathOf(address: string): string {
    const [user = '', domain = ''] = address.split('@');
    return join(this.base, domain, user);
  }

  /** @returns its path */
  put(address: string, bytes: number, path = this.pathOf(address)): string {
    for (const part of ['new', 'cur', 'tmp']) mkdirSync(join(path, part), { recursive: true });
    const file = join(path, 'new', `${this.#next++}.x,S=${bytes}`);
    writeFileSync(file, '');
    return file;
  }
}

const one = { bytes: 10, messages: 1 };
const domainOnly: SharedQuotas = { domain: { messages: 3 }, tenants: [] };

test('which quotas a mailbox shares', () => {
  const limits = { bytes: 5 };
  const shared: SharedQuotas = {
    domain: { messages: 1 },
    tenants: [
      { name: 'free', users: ['joe@a.test'], limits: {} },
      { name: 'shop', users: ['@a.test'], limits },
    ],
  };
  const names = (address: string, of: SharedQuotas = shared): string[] =>
    sharedQuotasOf(of, { address }).map(({ kind, name }) => `${kind} ${name}`);
  assert.deepEqual(names('sue@a.test'), ['domain a.test', 'tenant shop']);
  assert.deepEqual(names('joe@a.test'), ['domain a.test']);
  assert.deepEqual(names('joe@b.test'), ['domain b.test']);
  assert.deepEqual(names('joe'), []);
  assert.deepEqual(names('sue@a.test', { ...shared, domain: {} }), ['tenant shop']);
  assert.deepEqual(sharedQuotasOf(undefined, { address: 'sue@a.test' }), []);
});

test('what the directory says of a domain comes before what holds for each', () => {
  const limits = (domainQuota: object, of?: SharedQuotas): unknown =>
    sharedQuotasOf(of, { address: 'sue@a.test', domainQuota }).map((quota) => quota.limits);
  assert.deepEqual(limits({ bytes: 9 }), [{ bytes: 9 }]);
  assert.deepEqual(limits({ bytes: 9 }, domainOnly), [{ bytes: 9, messages: 3 }]);
  assert.deepEqual(limits({ messages: 0 }, domainOnly), [], '0 is no limit');
  assert.deepEqual(limits({ messages: 7 }, domainOnly), [{ messages: 7 }]);
});

test('a domain with a quota in the directory alone takes no more, and counts what is there', async (t) => {
  const ground = new Ground(t, { domain: {}, tenants: [] });
  const { shared: _, ...settings } = ground.settings;
  const usage = ground.process();
  const user = { address: 'sue@a.test', domainQuota: { messages: 2 } };
  ground.put('joe@a.test', 10);
  await usage.recount(settings, { kind: 'domain', name: 'a.test' });
  assert.ok('taken' in (await usage.take(settings, user, one, Date.now())));
  assert.ok('quota' in (await usage.take(settings, user, one, Date.now())));
  await usage.add(settings, user, { bytes: -10, messages: -1 });
  assert.ok('taken' in (await usage.take(settings, user, one, Date.now())));
  await usage.counted();
});

test('several processes that deliver at once never take more than there is', async (t) => {
  const { settings, ...ground } = new Ground(t, domainOnly);
  const processes = Array.from({ length: 3 }, () => new SharedUsage((_, act) => act()));
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, at) =>
      processes[at % 3]!.take(settings, { address: `u${at}@a.test` }, one, Date.now()),
    ),
  );
  assert.equal(results.filter((result) => 'taken' in result).length, 3);
  assert.ok(ground.base);
  for (const each of processes) await each.counted();
});

test('what finds no room says which quota it was; other domains have their own', async (t) => {
  const ground = new Ground(t, {
    domain: { messages: 2 },
    tenants: [{ name: 'shop', users: ['@a.test', '@b.test'], limits: { bytes: 25 } }],
  });
  const shared = ground.process();
  const take = async (address: string, more = one): Promise<string> => {
    const result = await shared.take(ground.settings, { address }, more, Date.now());
    if ('quota' in result) return `${result.quota.kind} ${result.quota.name}`;
    ground.put(address, more.bytes);
    return 'room';
  };
  assert.equal(await take('joe@a.test'), 'room');
  await shared.counted();
  assert.equal(await take('sue@a.test'), 'room');
  await shared.counted();
  assert.equal(await take('ann@a.test'), 'domain a.test');
  assert.equal(await take('joe@b.test'), 'tenant shop');
  assert.equal(await take('joe@b.test', { bytes: 5, messages: 1 }), 'room');
  assert.equal(await take('joe@c.test'), 'room');
  await shared.counted();
});

test('room of a message that is not written is free again, and one that is larger than it seemed counts so', async (t) => {
  const ground = new Ground(t, { domain: { bytes: 100 }, tenants: [] });
  const shared = ground.process();
  const user = { address: 'joe@a.test' };
  await shared.recount(ground.settings, { kind: 'domain', name: 'a.test' });
  const usage = async (): Promise<unknown> => {
    const { bytes, messages } = await shared
      .logOf(ground.settings, { kind: 'domain', name: 'a.test' })
      .usage();
    return { bytes, messages };
  };
  const first = await shared.take(ground.settings, user, one, Date.now());
  assert.ok('taken' in first);
  await first.taken(12);
  assert.deepEqual(await usage(), { bytes: 12, messages: 1 });
  const second = await shared.take(ground.settings, user, one, Date.now());
  assert.ok('taken' in second);
  await second.free();
  assert.deepEqual(await usage(), { bytes: 12, messages: 1 });
});

test('a count finds what other programs did: by names, unless maildirsize is younger than the folders', async (t) => {
  const ground = new Ground(t, { domain: { bytes: 1_000 }, tenants: [] });
  const { settings } = ground;
  const shared = ground.process();
  const scope = { kind: 'domain', name: 'a.test' } as const;
  const count = async (): Promise<number> => (await shared.recount(settings, scope)).bytes;
  ground.put('joe@a.test', 100);
  const removed = ground.put('sue@a.test', 30);
  ground.put('ann@b.test', 500);
  assert.equal(await count(), 130);
  const joe = ground.pathOf('joe@a.test');
  await recount(joe, { bytes: 500 }, Date.now());
  // It is believed, since nothing in the folders is younger.
  writeFileSync(join(joe, 'maildirsize'), '500S\n90 1\n');
  assert.equal(await count(), 120);
  const before = new Date(Date.now() - 60_000);
  utimesSync(join(joe, 'maildirsize'), before, before);
  assert.equal(await count(), 130);
  rmSync(removed);
  assert.equal(await count(), 100);
  rmSync(ground.pathOf('sue@a.test'), { recursive: true });
  assert.equal(await count(), 100);
  mkdirSync(join(joe, '.lists/new'), { recursive: true });
  writeFileSync(join(joe, '.lists/new/1.x,S=7'), '');
  assert.equal(await count(), 107);
});

test('a mailbox that is elsewhere counts from its first message on', async (t) => {
  const ground = new Ground(t, { domain: { bytes: 1_000 }, tenants: [] });
  const shared = ground.process();
  const mailbox = join(ground.base, 'elsewhere', 'Maildir');
  ground.put('joe@a.test', 100, mailbox);
  const room = await shared.take(ground.settings, { address: 'joe@a.test', mailbox }, one, Date.now());
  assert.ok('taken' in room);
  ground.put('joe@a.test', 10, mailbox);
  const { bytes } = await ground.process().recount(ground.settings, { kind: 'domain', name: 'a.test' });
  assert.equal(bytes, 110);
  await shared.counted();
});

test('a full domain is counted again by itself, once a minute at most', async (t) => {
  const ground = new Ground(t, domainOnly);
  const shared = ground.process();
  const files = ['joe', 'sue', 'ann'].map((name) => ground.put(`${name}@a.test`, 10));
  const nowMs = Date.now();
  const take = (atMs: number) => shared.take(ground.settings, { address: 'joe@a.test' }, one, atMs);
  // Mail is delivered until the first count has ended.
  const first = await take(nowMs);
  assert.ok('free' in first);
  await first.free();
  await shared.counted();
  assert.ok('quota' in (await take(nowMs)));
  rmSync(files[0]!);
  assert.ok('quota' in (await take(nowMs + 59_000)));
  await shared.counted();
  assert.ok('quota' in (await take(nowMs + 61_000)));
  await shared.counted();
  assert.ok('taken' in (await take(nowMs + 61_000)));
});

test('after any sequence of deliveries, removals and crashes, a count says what is there, and without crashes the sum says it, too', async (t) => {
  const step = fc.record({
    kind: fc.constantFrom('deliver', 'deliver', 'deliver', 'fail', 'pop3', 'reader', 'die', 'count'),
    user: fc.constantFrom('joe', 'sue'),
    process: fc.nat(1),
    bytes: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const ground = new Ground(t, { domain: { bytes: 200 }, tenants: [] });
      const { settings } = ground;
      const scope = { kind: 'domain', name: 'a.test' } as const;
      const processes = [ground.process(), ground.process()];
      const files: { address: string; path: string; bytes: number }[] = [];
      const present = (): number => files.reduce((sum, { bytes }) => sum + bytes, 0);
      let isExact = true;
      for (const each of processes) await each.recount(settings, scope);
      for (const { kind, user, process, bytes } of steps) {
        const address = `${user}@a.test`;
        const shared = processes[process]!;
        if (kind === 'die') processes[process] = ground.process();
        else if (kind === 'count') {
          await shared.recount(settings, scope);
          isExact = true;
        } else if (kind === 'pop3' || kind === 'reader') {
          const file = files.pop();
          if (file === undefined) continue;
          rmSync(file.path);
          if (kind === 'reader') isExact = false;
          else {
            await addToUsage(ground.pathOf(file.address), { bytes: -file.bytes, messages: -1 });
            await shared.add(settings, { address: file.address }, { bytes: -file.bytes, messages: -1 });
          }
        } else {
          const room = await shared.take(settings, { address }, { bytes, messages: 1 }, Date.now());
          if ('quota' in room) {
            if (isExact) assert.ok(present() + bytes > 200);
            continue;
          }
          if (isExact) assert.ok(present() + bytes <= 200);
          if (kind === 'deliver') {
            files.push({ address, bytes, path: ground.put(address, bytes) });
            await room.taken(bytes);
          } else if (bytes % 2 === 0) await room.free();
          // It was killed before the message was there.
          else isExact = false;
        }
        await shared.counted();
        if (isExact) assert.equal((await shared.logOf(settings, scope).usage()).bytes, present());
      }
      assert.equal((await ground.process().recount(settings, scope)).bytes, present());
      assert.ok(readdirSync(join(ground.base, '.usage')).length <= 2);
    }),
    { numRuns: 30 },
  );
});
