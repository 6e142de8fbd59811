// [[stage]] of the kinds "rates" and "own-domains".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { stageRates } from '../../src/settings/rate-stages.ts';

function config(kind: string, keys: string) {
  return parseConfig(
    `hostname = "mx.example.org"\n[[stage]]\nname = "s"\nkind = "${kind}"\n${keys}\n`,
    'sluice.toml',
  );
}

test('rates are read for whoever counts', () => {
  const read = config(
    'rates',
    'by = "network"\nmessages = ["30/min", "500/day"]\nrefused_recipients = "20/hour"',
  );
  assert.deepEqual(stageRates(read), [
    {
      stage: 's',
      allowances: [
        { quantity: 'messages', rate: { count: 30, perMs: 60_000 } },
        { quantity: 'messages', rate: { count: 500, perMs: 86_400_000 } },
        { quantity: 'refused_recipients', rate: { count: 20, perMs: 3_600_000 } },
      ],
      mostKeys: 100_000,
    },
  ]);
});

for (const [kind, keys, expected] of [
  ['rates', 'by = "client"', /limits nothing: give at least one of connections, messages/],
  ['rates', 'by = "sender_domain"\nconnections = "1/min"', /a connection has no sender domain/],
  [
    'rates',
    'by = "user"\nmessages = "1/min"',
    /"client" or "network" or "sender_domain" or "recipient_domain"/,
  ],
  ['rates', 'by = "client"\nmessages = "1/week"', /must be a rate such as "60\/min"/],
  ['rates', 'by = "client"\nmessages = []', /must name one rate at least/],
  ['own-domains', 'look_at = []', /must name one of them at least/],
  ['own-domains', 'domains = ["joe@example.com"]', /is an address; write a domain/],
  ['own-domains', 'author_except_results = ["dmarc"]', /write STAGE\.KEY=VALUE/],
] as const) {
  test(`${kind} with ${keys.replace('\n', ', ')} is a mistake that says how it is right`, () => {
    assert.throws(
      () => config(kind, keys),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}
