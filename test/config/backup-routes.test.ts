// [[route]] with backup: what is refused, how long its mail waits, and what check says of MX records.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemOf } from '../../src/cli/backup-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { MailTimes } from '../../src/schedule/times/mail-times.ts';
import { scheduleRules } from '../../src/settings/mail-schedules.ts';

const dayMs = 86_400_000;
const parse = (text: string) => parseConfig(`hostname = "mx.example.com"\n${text}`, 'sluice.toml');

function problems(text: string): string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
}

const backup = '[[route]]\nname = "b"\ndomain = ["far.test"]\nbackup = true\n';

for (const key of [
  'sender = ["x@y.test"]',
  'recipient = ["a@far.test"]',
  'user = ["*"]',
  'tenant = ["t"]',
  'size_over = "1MiB"',
  'size_under = "1MiB"',
  'header = ["List-Id"]',
  'results = ["rspamd.verdict=spam"]',
  'client_tls = true',
]) {
  const [name = ''] = key.split(' ', 1);
  test(`a backup MX is for all mail of its domains, not by ${name}`, () => {
    const found = problems(`${backup}${key}\n`).join('\n');
    assert.match(found, new RegExp(`is for all mail of its domains.*: take out ${name}, and write`, 'u'));
  });
}

test('keys of a backup MX without one, and other targets, are refused', () => {
  const route = '[[route]]\ndomain = ["far.test"]\n';
  assert.match(
    problems(`${route}mx = true\nbackup_lifetime = "3d"`).join('; '),
    /backup_lifetime: is only for backup/u,
  );
  assert.match(problems(`${route}backup = true\ndiscard = true`).join('; '), /take out discard/u);
  assert.match(problems('[[route]]\nbackup = true').join('; '), /needs domain/u);
  assert.match(
    problems(`${route}backup = "mx2.test"\nrelay = ["a.test"]`).join('; '),
    /must be true with relay/u,
  );
  assert.match(problems(`${route}backup = false`).join('; '), /must be true, or the name of this server/u);
});

for (const address of ['127.0.0.1', '192.0.2.7', '2001:db8::7', '[192.0.2.7]', '[IPv6:2001:db8::7]'])
  test(`the address ${address} is no name of this server`, () => {
    const told = /is an address, and MX records name hosts: .*own_addresses of \[deliver\]/u;
    const route = `[[route]]\ndomain = ["far.test"]\nbackup = "${address}"`;
    assert.match(problems(route).join('; '), told);
    assert.match(problems(`[deliver]\nown_names = ["${address}"]`).join('; '), told);
  });

function timesOf(text: string) {
  const config = parse(text);
  const { retry: retryMs, lifetime: lifetimeMs, bounceLifetime: bounceLifetimeMs } = config.queue;
  const times = new MailTimes({ retryMs, lifetimeMs, bounceLifetimeMs }, scheduleRules(config));
  return (domain: string, route = `mx:${domain}`, tenant = '') => {
    const found = times.at(times.of(domain, route, tenant));
    return [found.lifetimeMs / dayMs, found.bounceLifetimeMs / dayMs, found.from.lifetimeMs?.name];
  };
}

test('mail of a backup MX waits for two weeks, with or without a name, and other mail as usual', () => {
  const of = timesOf(
    `[[route]]\ndomain = ["far.test", "*.wide.test"]\nbackup = true\n[[route]]\nname = "own"\ndomain = ["in.wide.test"]\nmx = true\n`,
  );
  assert.deepEqual(of('far.test'), [14, 14, 'backup MX: route 1']);
  assert.deepEqual(of('x.wide.test'), [14, 14, 'backup MX: route 1']);
  assert.deepEqual(of('in.wide.test'), [5, 1, 'no backup MX: route own']);
  assert.deepEqual(of('else.test'), [5, 1, undefined]);
});

test('backup_lifetime, a longer lifetime of all mail, and schedules say more than the default', () => {
  assert.equal(timesOf(`${backup}backup_lifetime = "3d"`)('far.test')[0], 3);
  assert.equal(timesOf(`[queue]\nlifetime = "30d"\n${backup}`)('far.test')[0], 30);
  const rules = [
    '[[schedule]]\nname = "d"\ndomain = ["*.test"]\nlifetime = "2d"\n',
    '[[schedule]]\nname = "r"\nroute = ["b"]\nlifetime = "2d"\n',
    '[[tenant]]\nname = "t"\nclient = ["192.0.2.0/24"]\n[[schedule]]\nname = "t"\ntenant = ["t"]\nlifetime = "2d"\n',
  ];
  for (const rule of rules)
    assert.equal(timesOf(`${backup}${rule}`)('far.test', 'relay#b~x:far.test', 't')[0], 2, rule);
});

const host = (name: string, preference: number, isOwn = false) => ({ host: name, preference, isOwn });

for (const [what, hosts, problem] of [
  ['no MX records', [], /^far\.test has no MX records, so nobody finds/u],
  ['a null MX', [host('.', 0)], /says that it takes no mail/u],
  [
    'others alone',
    [host('a.test', 10), host('b.test', 20)],
    /none of the MX hosts of far\.test \(10 a\.test, 20 b\.test\) is this server, known as mx2\.test/u,
  ],
  [
    'this server as the best',
    [host('mx2.test', 10, true), host('b.test', 20)],
    /this server \(mx2\.test, preference 10\) is the best/u,
  ],
  ['this server and an equal one', [host('b.test', 10), host('mx2.test', 10, true)], /is the best MX host/u],
  ['this server alone', [host('mx2.test', 10, true)], /nobody to hand its mail on to/u],
  ['a better host', [host('a.test', 10), host('mx2.test', 20, true)], undefined],
  [
    'this server twice behind a better one',
    [host('a.test', 10), host('x.test', 20, true), host('mx2.test', 30, true)],
    undefined,
  ],
] as const) {
  test(`MX records with ${what} are ${problem === undefined ? 'in order' : 'told of'}`, () => {
    const found = problemOf('far.test', hosts, ['mx2.test']);
    if (problem === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', problem);
  });
}
