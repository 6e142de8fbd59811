// What MX records may say of domains whose backup MX this server is, and what is warned of.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MxStanding, problemOf } from '../../src/cli/backup-problems.ts';

const primary: MxStanding = { host: 'mx1.example.org', preference: 10, isOwn: false };
const own: MxStanding = { host: 'mx2.example.org', preference: 20, isOwn: true };
const worse: MxStanding = { host: 'mx3.example.org', preference: 30, isOwn: false };

const cases: readonly (readonly [what: string, hosts: readonly MxStanding[], problem: RegExp | undefined])[] =
  [
    ['a primary server before this one', [primary, own, worse], undefined],
    ['no MX records', [], /has no MX records/u],
    ['a null MX', [{ host: '.', preference: 0, isOwn: false }], /takes no mail \(null MX/u],
    [
      'this server is not named',
      [primary, worse],
      /none of the MX hosts of .* \(10 mx1\.example\.org, 30 mx3/u,
    ],
    ['this server is the best', [own, worse], /is the best MX host of example\.org/u],
    ['an equal host is not better', [{ ...primary, preference: 20 }, own], /is the best MX host/u],
    [
      'no better host has an address',
      [{ ...primary, isWithout: true }, own, worse],
      /that is better than this server has an address \(mx1\.example\.org\): its mail waits here \(4\.4\.4\)/u,
    ],
    [
      'one of two better hosts has an address',
      [{ ...primary, isWithout: true }, { ...primary, host: 'mx0.example.org' }, own],
      undefined,
    ],
  ];

for (const [what, hosts, problem] of cases) {
  test(`${what}: ${problem === undefined ? 'nothing to say' : 'a warning'}`, () => {
    const found = problemOf('example.org', hosts, ['mx2.example.org']);
    if (problem === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', problem);
  });
}
