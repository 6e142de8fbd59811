// [[sending_limit]]: what it is read into, its mistakes, and what is valid but probably not meant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configWarnings } from '../../src/config/check/warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { placedText, placeWarnings } from '../../src/config/read/config-warning.ts';
import { sendingRules } from '../../src/settings/sending-rules.ts';

const hour = 3_600_000;

function limits(...tables: string[]): string {
  return tables.map((table) => `[[sending_limit]]\n${table}\n`).join('');
}

test('rates are read one or several, "unlimited" as none; what is not given says nothing', () => {
  const config = parseConfig(
    limits(
      'by = "user"\nmessages = "200/hour"\nrecipients = ["5/s", "2000/day"]',
      'by = "user"\nuser = ["joe@example.com"]\nmessages = "unlimited"\nbeyond = "pace"\nlongest_wait = "2h"',
    ),
    'sluice.toml',
  );
  const [all, joe] = sendingRules(config);
  assert.deepEqual(all?.messages, [{ count: 200, perMs: hour }]);
  assert.deepEqual(all?.recipients, [
    { count: 5, perMs: 1000 },
    { count: 2000, perMs: 24 * hour },
  ]);
  assert.deepEqual([all?.beyond, all?.origin, all?.user], [{ kind: 'tempfail' }, 'sluice.toml:1', undefined]);
  assert.deepEqual([joe?.messages, joe?.recipients, joe?.user], [[], undefined, ['joe@example.com']]);
  assert.deepEqual(joe?.beyond, { kind: 'pace', longestWaitMs: 2 * hour });
});

test('nothing waits for longer than half of the lifetime of mail', () => {
  const paced = 'by = "client"\nmessages = "1/s"\nbeyond = "pace"';
  const config = parseConfig(`[queue]\nlifetime = "6h"\n${limits(paced)}`, 'sluice.toml');
  assert.deepEqual(sendingRules(config)[0]?.beyond, { kind: 'pace', longestWaitMs: 3 * hour });
});

const mistakes: readonly [name: string, tables: readonly string[], problem: RegExp][] = [
  [
    'no quantity',
    ['by = "user"'],
    /sending_limit\[1\]: sets no limit: give at least one of messages, recipients/u,
  ],
  ['no such kind', ['by = "users"\nmessages = "1/h"'], /must be "user" or .*did you mean "user"/u],
  [
    'a list of another kind',
    ['by = "user"\nclient = ["192.0.2.1"]\nmessages = "1/h"'],
    /client: has no meaning with by = "user"/u,
  ],
  ['an empty list', ['by = "user"\nuser = []\nmessages = "1/h"'], /must name one user at least/u],
  ['a user that is none', ['by = "user"\nuser = ["a b"]\nmessages = "1/h"'], /"a b" is no user/u],
  ['a rate that is none', ['by = "user"\nmessages = ["1/h", "2/week"]'], /"2\/week" is not a rate/u],
  [
    'a period twice',
    ['by = "user"\nmessages = ["1/h", "2/hour"]'],
    /there is a rate of this period already/u,
  ],
  [
    'a tenant that is not there',
    ['by = "tenant"\ntenant = ["shop"]\nmessages = "1/h"'],
    /no \[\[tenant\]\] with the name "shop"/u,
  ],
  [
    'too long a wait',
    ['by = "user"\nmessages = "1/h"\nbeyond = "pace"\nlongest_wait = "8d"'],
    /"8d" is too long: at most 7d/u,
  ],
  [
    'a wait for nothing',
    ['by = "user"\nmessages = "1/h"\nlongest_wait = "2h"'],
    /longest_wait: has no meaning without beyond = "pace"/u,
  ],
  [
    'the same twice',
    ['by = "user"\nmessages = "1/h"\nrecipients = "1/h"', 'by = "user"\nmessages = "2/h"'],
    /sending_limit\[2\]\.messages: is set for everybody already in sending_limit\[1\]/u,
  ],
  [
    'the same user in another case',
    [
      'by = "user"\nuser = ["a@b.example"]\nmessages = "1/h"',
      'by = "user"\nuser = ["A@b.example"]\nmessages = "2/h"',
    ],
    /is set for a@b\.example already in sending_limit\[1\]/u,
  ],
];
for (const [name, tables, problem] of mistakes) {
  test(`a mistake is told: ${name}`, () => {
    assert.throws(
      () => parseConfig(limits(...tables), 'sluice.toml'),
      (error) => error instanceof ConfigError && problem.test(error.message),
    );
  });
}

test('one user may be named for messages in one table and for recipients in another', () => {
  const user = 'by = "user"\nuser = ["a@b.example"]\n';
  const config = parseConfig(limits(`${user}messages = "1/h"`, `${user}recipients = "1/h"`), 'sluice.toml');
  assert.equal(config.sendingLimit.length, 2);
});

test('limits that can never hold are warned of', () => {
  const warnings = (text: string): string[] =>
    placeWarnings(
      configWarnings(parseConfig(`hostname = "mx.example.com"\n${text}`, 'sluice.toml')),
      undefined,
    )
      .map(placedText)
      .filter((line) => line.startsWith('sending_limit'));
  assert.deepEqual(
    warnings(
      limits(
        'by = "user"\nmessages = "1/h"',
        'by = "tenant"\nmessages = "1/h"',
        'by = "client"\nmessages = ["100/min", "100/hour", "1000/day"]\nbeyond = "pace"\nlongest_wait = "3d"',
      ),
    ),
    [
      'sending_limit[1].by: there is no [[directory]] and no front end in xclient, so nobody logs in, and no mail is counted',
      'sending_limit[2].by: there is no [[tenant]], so no mail is counted',
      'sending_limit[3].messages: 100 in 1m can never be reached, since 100 are allowed in 1h',
      'sending_limit[3].longest_wait: 3d is more than half of lifetime in [queue], so no message waits for longer than 2d12h',
    ],
  );
  assert.deepEqual(warnings(limits('by = "client"\nmessages = "unlimited"\nbeyond = "pace"')), [
    'sending_limit[1].beyond: nothing is beyond "unlimited", so nothing is paced',
  ]);
  const directory = '[[directory]]\nname = "a"\nkind = "users"\npath = "u"\n';
  assert.deepEqual(warnings(directory + limits('by = "user"\nmessages = ["1/min", "20/h"]')), []);
});
