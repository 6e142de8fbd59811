// [queues.NAME] and [[assignment]] as they are read, printed and refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { readToml } from '../../src/config/read/toml.ts';
import { renderInForce } from '../../src/config/show/render-toml.ts';
import { scheduleRules } from '../../src/settings/mail-schedules.ts';
import { assignmentRules } from '../../src/settings/queues.ts';
import { limitRules, schedulerConfig } from '../../src/settings/settings.ts';

const text = `spool = "/var/spool/sluice"
[queues.news]
lifetime = "2d"
[queues.big_one]
path = "/srv/big"
reserve = "1GiB"
max_connections = 7
helo_name = "big.example.com"
[[assignment]]
queue = "big_one"
sender = ["big.example"]
[[assignment]]
queue = "default"
sender = ["x@b.example"]
`;

test('queues have their names, folders and numbers, and the times that they set', () => {
  const config = parseConfig(text, '/etc/sluice/sluice.toml');
  assert.deepEqual(
    config.queues.map(({ name, path, reserve }) => [name, path, reserve]),
    [
      ['news', '/var/spool/queues/news', undefined],
      ['big_one', '/srv/big', 2 ** 30],
    ],
  );
  assert.deepEqual(
    assignmentRules(config).map(({ store }) => store),
    [2, 0],
  );
  assert.deepEqual(
    scheduleRules(config).map(({ name, match, lifetimeMs }) => [name, match, lifetimeMs]),
    [['queue news', { store: [1] }, 2 * 86_400_000]],
  );
});

test('what a queue has of its own is what the scheduler gets', () => {
  const config = parseConfig(
    `[[source]]
address = "192.0.2.25"
[[source]]
address = "192.0.2.26"
[queue]
source = ["192.0.2.25"]
[queues.news]
max_connections = 5
weight = 3
source = ["192.0.2.26"]
helo_name = "news.example.com"
[queues.other]
[[limit]]
per = ["queue", "site"]
queue = ["news", "default"]
connections = 2
`,
    'sluice.toml',
  );
  assert.deepEqual(schedulerConfig(config, 1).queues, [
    { name: 'default', sources: ['192.0.2.25'] },
    { name: 'news', weight: 3, sources: ['192.0.2.26'], heloName: 'news.example.com' },
    { name: 'other', weight: undefined, sources: ['192.0.2.25'], heloName: undefined },
  ]);
  const rules = limitRules(config).filter(({ match }) => match.queue !== undefined);
  assert.deepEqual(
    rules.map(({ id, origin, per, match: { queue }, connections }) => [id, origin, per, queue, connections]),
    [
      ['per site queue: queue news, default', 'sluice.toml:13', ['site', 'queue'], ['news', 'default'], 2],
      ['queue news', 'max_connections of [queues.news]', [], ['news'], 5],
    ],
  );
  assert.equal(schedulerConfig(parseConfig('', 'sluice.toml'), 1).queues, undefined);
});

test('what is in force is printed as it can be read again', () => {
  const printed = renderInForce(parseConfig(text, 'sluice.toml'), readToml(text, 'sluice.toml'));
  const again = parseConfig(printed, 'sluice.toml');
  const { queues, assignment } = parseConfig(text, 'sluice.toml');
  assert.deepEqual([again.queues, again.assignment], [queues, assignment]);
});

for (const [keys, message] of [
  ['[queues.default]', /queues\.default: "default" is the name of the queue of \[queue\]/],
  ['[queues."a b"]', /queues\.a b: "a b" is not the name of a queue/],
  ['[queues.a]\nlifetme = "1d"', /queues\.a: unknown key "lifetme"|lifetme/],
  ['[queues.a]\npath = "spool"', /queues\.a\.path/],
  ['[queues.a]\npath = "one"\n[queues.b]\npath = "one"', /queues\.b\.path/],
  [
    '[queues.a]\n[[assignment]]\nqueue = "b"\ndomain = ["x.example"]',
    /there is no \[queues\.b\]; there are default, a/,
  ],
  ['[queues.a]\n[[assignment]]\nqueue = "a"', /must say whose mail it is/],
  [
    '[queues.a]\n[[assignment]]\nqueue = "a"\nresults = ["scanner.verdict=spam"]',
    /assignment 1 results 1|there is no \[\[stage\]\].*scanner|scanner/,
  ],
  [
    '[queues.a]\n[[assignment]]\nqueue = "a"\nresults = ["verification.spf>=many"]',
    /compares with "many", which is no number/,
  ],
  ['[queues.a]\n[[assignment]]\nqueue = "a"\nreports = false', /must be true, or left out/],
  [
    '[queues.a]\n[[assignment]]\nqueue = "a"\nreports = true\nclient = ["192.0.2.1"]',
    /client.*never holds together with reports/,
  ],
  ['[queues.a]\n[[assignment]]\nqueue = "a"\ntenant = ["nobody"]', /nobody/],
  [
    '[queues.a]\n[[assignment]]\nqueue = "a"\nlisten = ["192.0.2.1:25"]',
    /there is no \[\[listen\]\] with this address/,
  ],
] as const) {
  test(`${keys.replaceAll('\n', ' ')} is refused`, () => {
    assert.throws(
      () => parseConfig(`spool = "spool"\n${keys}\n`, 'sluice.toml'),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}

test('reports of a queue go by a route that there is', () => {
  const routes = '[[route]]\nname = "out"\nmx = true\n';
  const named = (name: string) => parseConfig(`${routes}[queues.news]\nbounce_route = "${name}"\n`, 'x.toml');
  assert.equal(named('out').queues[0]?.bounceRoute, 'out');
  assert.throws(() => named('back'), /there is no \[\[route\]\] with the name "back"; there are out/u);
});
