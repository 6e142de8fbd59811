// The primary servers of many domains: each is asked about its own, and their number is bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PrimarySources } from '../../../src/deliver/call-ahead/primary-sources.ts';
import { askedRecipient, exists } from '../../../src/policy/recipients/recipient-source.ts';

function ground() {
  const open = new Set<string>();
  const opened: string[] = [];
  const sources = new PrimarySources((domain) => {
    opened.push(domain);
    open.add(domain);
    return {
      find: ({ domain: asked }) => {
        assert.equal(asked, domain);
        assert.ok(open.has(domain));
        return exists;
      },
      close: () => open.delete(domain),
    };
  });
  const find = (domain: string) => sources.find(askedRecipient(`a@${domain}`, domain));
  return { find, open, opened, sources };
}

test('a domain is opened when it is first asked for, and used again', () => {
  const { find, opened, open, sources } = ground();
  for (const domain of ['a.test', 'b.test', 'a.test']) assert.equal(find(domain), exists);
  assert.deepEqual(opened, ['a.test', 'b.test']);
  sources.close();
  assert.equal(open.size, 0);
});

test('beyond 500 domains, the one that was not asked for the longest is closed', () => {
  const { find, open } = ground();
  for (let at = 0; at < 500; at++) find(`d${at}.test`);
  find('d0.test');
  find('new.test');
  assert.equal(open.size, 500);
  assert.ok(open.has('d0.test') && !open.has('d1.test'));
});

test('whatever is asked, each domain has one source at most, and no more than 500 are open', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 2_000 }), (asked) => {
      const { find, open } = ground();
      for (const at of asked) find(`d${at}.test`);
      assert.ok(open.size <= 500);
      const lately = [...new Set(asked.toReversed())].slice(0, 500);
      assert.deepEqual([...open].toSorted(), lately.map((at) => `d${at}.test`).toSorted());
    }),
    { numRuns: 30 },
  );
});
