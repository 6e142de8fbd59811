// What operators are told of primary servers that are down.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { downTrouble } from '../../../src/manager/backup/down-text.ts';

const down = (domain: string, sinceMs: number, isOurs = false) => ({
  site: `mx:${domain}`,
  domain,
  key: `mx:${domain}`,
  sinceMs,
  isOurs,
});

test('times are whole minutes that are over', () => {
  for (const [ms, text] of [
    [29_000, 'less than a minute'],
    [59_999, 'less than a minute'],
    [60_000, '1m'],
    [119_999, '1m'],
    [5_400_000, '1h30m'],
  ] as const)
    assert.match(
      downTrouble([down('a.test', 1_000)], 1_000 + ms)[0],
      new RegExp(`of a\\.test \\(for ${text}\\)\\.`, 'u'),
    );
});

test('a server with our name needs somebody, one that is silent does not', () => {
  const [silent, wait] = downTrouble([down('a.test', 0)], 0);
  assert.match(silent, /do not answer/u);
  assert.match(wait, /nothing has to be done here/u);
  const [loop, look] = downTrouble([down('a.test', 0, true)], 0);
  assert.match(loop, /^Primary servers answer with a name of this server/u);
  assert.match(look, /which host answers/u);
  assert.doesNotMatch(look, /nothing has to be done/u);
  const [both] = downTrouble([down('a.test', 0, true), down('b.test', 0)], 0);
  assert.match(both, /do not answer.*of b\.test .*with a name of this server.*of a\.test /u);
});

test('of many, three are named', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => down(`${name}.test`, 0));
  assert.match(
    downTrouble(many, 0)[0],
    /a\.test .*b\.test .*c\.test \(for less than a minute\) and 2 more\./u,
  );
});
