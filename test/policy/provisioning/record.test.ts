// Records of provisioning: what they say, what they must not say, and that hostile ones harm nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRecord, recordText, recordWords, wordsOf } from '../../../src/policy/provisioning/record.ts';
import { ValueError } from '../../../src/values/value-error.ts';

for (const [text, record] of [
  ['', { state: 'active' }],
  ['queue=news', { state: 'active', queue: 'news' }],
  ['  state=DORMANT\tqueue=default ', { state: 'dormant', queue: 'default' }],
  ['redirect=ops@example.net', { state: 'redirect', redirect: 'ops@example.net' }],
  ['redirect=@New.Example', { state: 'redirect', redirect: '@new.example' }],
  ['state=redirect redirect=queue:parked', { state: 'active', queue: 'parked' }],
  ['state=hold redirect=@new.example', { state: 'hold', redirect: '@new.example' }],
  [
    'bounce_route=back taps=a@b.test,c@d.test',
    { state: 'active', bounceRoute: 'back', taps: ['a@b.test', 'c@d.test'] },
  ],
  ['quota=2GiB quota_messages=10', { state: 'active', quota: { bytes: 2 ** 31, messages: 10 } }],
  ['quota_messages=1', { state: 'active', quota: { messages: 1 } }],
] as const)
  test(`a record "${text}"`, () => {
    assert.deepEqual(readRecord([text]), record);
  });

test('a backup names its hosts as a route does', () => {
  const { state, backup = [] } = readRecord(['backup=mx1.example.net,192.0.2.1:2525']);
  assert.equal(state, 'backup');
  assert.deepEqual(
    backup.map(({ host, port }) => `${host} ${port}`),
    ['mx1.example.net 25', '192.0.2.1 2525'],
  );
});

for (const [text, why] of [
  ['state=asleep', /there is no state "asleep"; there are active, dormant/u],
  ['state', /"state" is not NAME=VALUE/u],
  ['state=', /is not NAME=VALUE/u],
  ['=x', /is not NAME=VALUE/u],
  ['stat=hold', /there is no "stat"; did you mean "state"/u],
  ['queue=a queue=b', /"queue" is there twice/u],
  ['queue=../../etc', /is not the name of a queue/u],
  ['state=redirect', /needs redirect=/u],
  ['state=backup', /needs backup=/u],
  ['redirect=nobody', /is not a mail address/u],
  ['redirect=@', /is not @ and a domain/u],
  ['redirect=a@b.test backup=c.test', /are two states/u],
  ['queue=a redirect=queue:b', /name two queues/u],
  ['taps=a@b.test,,', /is not a mail address/u],
  ['quota=10', /is not a size/u],
  ['quota=0B', /at least 1 byte/u],
  ['quota_messages=0', /is not a number of messages/u],
  ['quota_messages=1e3', /is not a number of messages/u],
  ['backup=a b', /is not NAME=VALUE/u],
  [`taps=${'a@b.test,'.repeat(600)}`, /more than 4096 characters/u],
  [`taps=${Array.from({ length: 21 }, (_, index) => `a${index}@b.test`).join(',')}`, /more than 20/u],
] as const)
  test(`no record: ${text.slice(0, 60)}`, () => {
    assert.throws(
      () => readRecord([text]),
      (error) => error instanceof ValueError && why.test(error.message),
    );
  });

test('several values are one record', () => {
  assert.deepEqual(readRecord(['queue=news', 'state=hold']), { state: 'hold', queue: 'news' });
});

test('whatever stands in a table is a record, or a fault in printable words', () => {
  const word = fc.constantFrom(...recordWords, 'x', '');
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('hold', '@a.test', 'a@b.test', 'queue:q'),
  );
  const text = fc
    .array(fc.tuple(word, value).map(([name, said]) => `${name}=${said}`))
    .map((all) => all.join(' '));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (given) => {
      try {
        readRecord([given]);
        assert.deepEqual(readRecord([recordText(wordsOf([given]))]), readRecord([given]));
      } catch (error) {
        assert.ok(error instanceof ValueError, String(error));
      }
    }),
  );
});
