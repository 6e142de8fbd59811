// The order in which rules hold, against a model that looks at all rules and takes the most specific one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBelow } from '../../../src/values/domain.ts';
import { contains, type Network } from '../../../src/values/network.ts';
import { formatSubject, type RuleSubject, subjectKey } from '../../../src/table/rules/rule-subject.ts';
import { RuleSet } from '../../../src/table/rules/rule-set.ts';
import { parseRule } from '../../../src/table/rules/client-rule.ts';

/** How specific a rule is for a client: higher comes first; undefined when it is not about the client. */
function specificity(subject: RuleSubject, address: string, name: string): number | undefined {
  switch (subject.kind) {
    case 'network': {
      if (!contains(subject.network, address)) return undefined;
      const { prefix } = subject.network;
      const isWhole = prefix === (subject.network.address.includes(':') ? 128 : 32);
      return isWhole ? 5_000 : 3_000 + prefix;
    }
    case 'name': {
      const { kind, domain } = subject.pattern;
      if (kind === 'exact') return name === domain ? 4_000 : undefined;
      return isBelow(name, domain) ? 1_000 + domain.length : undefined;
    }
    case 'named':
      return name === '' ? undefined : 10;
    case 'everyone':
      return 0;
    default:
      return undefined;
  }
}

// So few that clients are often in networks, and often beside them.
const byte = fc.constantFrom(0, 1, 255);
const ipv4 = fc.tuple(byte, byte, byte, byte).map((octets) => octets.join('.'));
const ipv6 = fc
  .tuple(byte, byte, byte)
  .map(([a, b, c]) => `2001:db8:${a.toString(16)}::${b.toString(16)}:${c.toString(16)}`);
const name = fc
  .array(fc.constantFrom('a', 'b', 'mail', 'example'), { minLength: 2, maxLength: 4 })
  .map((labels) => labels.join('.'));

/** The network of this length around an address. */
function around(address: string, prefix: number): Network {
  const isV6 = address.includes(':');
  const groups = isV6 ? (address.replace('::', ':0:0:0:').split(':') as string[]) : address.split('.');
  const width = isV6 ? 16 : 8;
  const kept = groups.map((group, at) => {
    const left = Math.max(0, Math.min(width, prefix - at * width));
    const value = Number.parseInt(group, isV6 ? 16 : 10);
    return (value >> (width - left)) << (width - left);
  });
  const text = isV6 ? kept.map((each) => each.toString(16)).join(':') : kept.join('.');
  return { address: text, prefix };
}

const subject: fc.Arbitrary<RuleSubject> = fc.oneof(
  fc
    .tuple(ipv4, fc.integer({ min: 0, max: 32 }))
    .map(([address, prefix]) => ({ kind: 'network', network: around(address, prefix) }) as const),
  fc
    .tuple(ipv6, fc.integer({ min: 0, max: 128 }))
    .map(([address, prefix]) => ({ kind: 'network', network: around(address, prefix) }) as const),
  fc
    .tuple(name, fc.constantFrom('exact', 'suffix'))
    .map(([domain, kind]) => ({ kind: 'name', pattern: { kind, domain } }) as const),
  fc.constantFrom('named', 'everyone', 'local').map((kind) => ({ kind }) as const),
);

test('of all rules about a client, the most specific one holds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(subject, { maxLength: 30 }),
      fc.array(fc.tuple(fc.oneof(ipv4, ipv6), fc.oneof(fc.constant(''), name)), {
        minLength: 5,
        maxLength: 20,
      }),
      async (subjects, clients) => {
        const rules = new RuleSet(1000);
        for (const each of subjects) rules.add(each, parseRule('allow'));
        await rules.index(
          () => Promise.resolve(),
          () => undefined,
        );
        for (const [address, host] of clients) {
          let [best, most] = [undefined as RuleSubject | undefined, -1];
          for (const each of subjects) {
            const score = specificity(each, address, host);
            if (score !== undefined && score > most) [best, most] = [each, score];
          }
          const found = rules.find(address, host === '' ? [] : [host])?.who;
          // Two texts may be the same network.
          if (best === undefined) assert.equal(found, undefined);
          else {
            const same = subjects.filter((each) => subjectKey(each) === subjectKey(best)).map(formatSubject);
            assert.ok(
              found !== undefined && same.includes(found),
              `${address} ${host}: ${found}, not ${same[0]}`,
            );
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
