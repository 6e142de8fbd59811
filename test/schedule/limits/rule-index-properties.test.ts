// The index agrees with the plain reference for random limits and random mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainPattern } from '../../../src/values/domain.ts';
import { parseNetwork } from '../../../src/values/network.ts';
import { createLimitIndex } from '../../../src/schedule/limits/rule-index.ts';
import {
  limitKeys,
  type AppliedLimits,
  type LimitMatch,
  type LimitRule,
} from '../../../src/schedule/limits/types.ts';
import { limitsInForce } from './reference.ts';

// Few values, so that most limits match something and many overlap.
const name = fc
  .array(fc.constantFrom('a', 'b', 'aa'), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join('.'));
const domain = fc.oneof({ weight: 6, arbitrary: name }, fc.constantFrom('[192.0.2.1]', '[ipv6:2001:db8::1]'));
const pattern = fc.record({ kind: fc.constantFrom<DomainPattern['kind']>('exact', 'suffix'), domain });
const site = fc.constantFrom('s1', 's2');
const tenant = fc.constantFrom('', 'shop', 'list');
const queue = fc.constantFrom('default', 'news');
const ip = fc.constantFrom(
  '192.0.2.1',
  '192.0.2.128',
  '192.1.2.1',
  '0.0.0.0',
  '255.255.255.255',
  '::ffff:192.0.2.9',
  '::',
  '::1',
  '2001:db8::1',
  '2001:db8:0:1::',
  '2001:db8:8000::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
);
const network = fc
  .constantFrom(
    '0.0.0.0/0',
    '128.0.0.0/1',
    '192.0.0.0/8',
    '192.0.2.0/24',
    '192.0.2.0/25',
    '192.0.2.1',
    '255.255.255.255',
    '::ffff:192.0.2.0/120',
    '::/0',
    '8000::/1',
    '2001:db8::/32',
    '2001:db8::/33',
    '2001:db8::1',
    '::/96',
    '::1',
  )
  .map(parseNetwork);

const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 4 });
const match: fc.Arbitrary<LimitMatch> = fc.record(
  {
    domain: list(pattern),
    site: list(site),
    mx: list(pattern),
    ip: list(network),
    source: list(network),
    tenant: list(tenant),
    queue: list(queue),
  },
  { requiredKeys: [] },
);
// Most limits of real configurations match by one or two kinds.
const someMatch = fc
  .tuple(match, fc.subarray(['domain', 'site', 'mx', 'ip', 'source', 'tenant', 'queue'], { maxLength: 2 }))
  .map(
    ([all, kinds]) =>
      Object.fromEntries(Object.entries(all).filter(([kind]) => kinds.includes(kind))) as LimitMatch,
  );
const amount = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
const rate = fc.option(fc.constant({ count: 1, perMs: 1_000 }), { nil: undefined });
const rules: fc.Arbitrary<LimitRule[]> = fc
  .array(
    fc.record({
      per: fc.oneof(
        fc.subarray([...limitKeys], { maxLength: 1 }),
        fc.subarray([...limitKeys], { maxLength: 3 }),
      ),
      match: fc.oneof(match, someMatch, fc.constant({})),
      isOverride: fc.boolean(),
      connections: amount,
      connectionRate: rate,
      messageRate: rate,
      recipientRate: rate,
      messagesPerConnection: amount,
      recipientsPerMessage: amount,
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((rule, at) => ({ id: `limit ${at}`, name: '', origin: 'test', ...rule })));
const mail = fc.record({ domain, tenant, queue }, { requiredKeys: ['domain', 'tenant'] });
const place = fc.record({ site, mx: name, ip, source: fc.oneof(ip, fc.constant('')) });

/** Sorted, since the order of limits has no meaning. */
function comparable(limits: AppliedLimits): unknown {
  const sorted = (list: AppliedLimits['connections']): string[] =>
    list.map((limit) => `${limit.rule.id} ${limit.key}`).sort();
  return {
    ...limits,
    connections: sorted(limits.connections),
    connectionRate: sorted(limits.connectionRate),
    messageRate: sorted(limits.messageRate),
    recipientRate: sorted(limits.recipientRate),
  };
}

test('the index agrees with the plain reference', () => {
  fc.assert(
    fc.property(rules, fc.array(fc.tuple(mail, place), { minLength: 1, maxLength: 6 }), (limits, asked) => {
      const index = createLimitIndex(limits);
      for (const [task, at] of asked) {
        const facts = { ...task, ...at };
        assert.deepEqual(
          [index.ofTask(task), index.ofPlace(at), index.ofPair(task, at)].map(comparable),
          (['task', 'place', 'both'] as const).map((scope) =>
            comparable(limitsInForce(limits, scope, facts)),
          ),
        );
      }
    }),
    { numRuns: 500 },
  );
});
