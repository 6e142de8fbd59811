// Whose mail an ETRN means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteConfig } from '../../../src/config/config.ts';
import { domainsOfNode } from '../../../src/manager/backup/etrn-nodes.ts';
import { backupDomains } from '../../../src/settings/backup.ts';
import { parseDomainPattern } from '../../../src/values/domain.ts';

function route(name: string, domains: readonly string[], etrn = true, isBackup = true): RouteConfig {
  const backup = { recipients: 'any', unlearned: 'accept', probeMs: 0, etrn } as const;
  return {
    name,
    domain: domains.map(parseDomainPattern),
    sender: [],
    kind: 'mx',
    ...(isBackup && { backup }),
  };
}

const routes = [
  route('main', ['far.test', '*.far.test']),
  route('second', ['deep.sub.far.test', 'near.test']),
  route('silent', ['quiet.test', 'shy.far.test'], false),
  route('other', ['plain.test'], true, false),
];
const all = [
  'far.test',
  'a.far.test',
  'deep.sub.far.test',
  'near.test',
  'quiet.test',
  'shy.far.test',
  'plain.test',
];

const cases: readonly [
  form: 'domain' | 'subdomains' | 'queue',
  name: string,
  want: readonly string[] | 'no',
][] = [
  ['domain', 'far.test', ['far.test']],
  ['domain', 'a.far.test', ['a.far.test']],
  ['domain', 'plain.test', 'no'],
  ['domain', 'quiet.test', 'no'],
  ['domain', 'elsewhere.test', 'no'],
  ['subdomains', 'far.test', ['far.test', 'a.far.test', 'deep.sub.far.test']],
  ['subdomains', 'sub.far.test', ['deep.sub.far.test']],
  ['subdomains', 'test', ['far.test', 'a.far.test', 'deep.sub.far.test', 'near.test']],
  ['subdomains', 'plain.test', 'no'],
  ['queue', 'main', ['far.test', 'a.far.test']],
  ['queue', 'second', ['deep.sub.far.test', 'near.test']],
  ['queue', 'silent', 'no'],
  ['queue', 'other', 'no'],
  ['queue', 'missing', 'no'],
];

for (const [form, name, want] of cases) {
  test(`${form} ${name}: ${want === 'no' ? 'not allowed' : want.join(', ')}`, () => {
    const isMeant = domainsOfNode({ form, name }, routes, backupDomains({ route: routes })!);
    assert.deepEqual(isMeant === undefined ? 'no' : all.filter(isMeant), want);
  });
}
