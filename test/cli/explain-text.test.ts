// What `sluice explain` and `sluice limits` print for people, word for word.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../src/cli/explain-text.ts';
import { limitsOf, limitsText } from '../../src/cli/limits-text.ts';
import type { ExplainAnswer } from '../../src/control/operations/explain.ts';
import type { LimitsAnswer } from '../../src/control/operations/limits.ts';
import type { Override } from '../../src/control/override.ts';
import type { CounterStatus, PlaceStatus } from '../../src/schedule/limits/status.ts';
import { type LimitRule, unlimited } from '../../src/schedule/limits/types.ts';

const now = Date.UTC(2026, 0, 1, 12);
const inMs = (ms: number) => now + ms;

const perDomain: LimitRule = {
  id: 'built in: per domain',
  name: '',
  origin: 'built in',
  per: ['domain'],
  match: {},
  isOverride: false,
  connections: 20,
};
const aol: LimitRule = {
  id: 'per domain: aol.example',
  name: 'aol.example',
  origin: 'sluice.toml:12',
  per: ['domain'],
  match: { domain: [{ kind: 'exact', domain: 'aol.example' }] },
  isOverride: false,
  connections: 2,
  messageRate: { count: 600, perMs: 60_000 },
};
const group: LimitRule = {
  id: 'yahoo',
  name: 'yahoo',
  origin: 'sluice.toml:20',
  per: [],
  match: {
    mx: [{ kind: 'suffix', domain: 'yahoodns.example' }],
    ip: [{ address: '192.0.2.0', prefix: 24 }],
  },
  isOverride: false,
  connections: unlimited,
};
const suspension: LimitRule = {
  id: 'override 3',
  name: '',
  origin: 'sluice suspend',
  per: ['domain'],
  match: { domain: [{ kind: 'exact', domain: 'aol.example' }] },
  isOverride: true,
  connections: 0,
  reason: 'they asked',
  untilMs: inMs(7_200_000),
};
const override: Override = {
  id: '3',
  kind: 'suspend',
  target: 'domain:aol.example',
  label: '',
  quantities: { connections: 0 },
  reason: 'they asked',
  setAtMs: inMs(-60_000),
  untilMs: inMs(7_200_000),
  by: 'anna',
};

function counter(
  rule: string,
  key: string,
  used: number,
  allowed: number,
  more: Partial<CounterStatus> = {},
) {
  return { rule, key, quantity: 'connections', used, allowed, parked: 0, ...more } as CounterStatus;
}

function place(more: Partial<PlaceStatus> = {}): PlaceStatus {
  return {
    host: 'mx1.aol.example',
    transport: 'smtp',
    endpoint: '192.0.2.1:25',
    ip: '192.0.2.1',
    port: 25,
    preference: 10,
    source: '',
    connections: 2,
    health: 'well',
    error: '',
    window: { source: '', site: 's', allowed: 5, used: 2, state: 'start', reason: '' },
    limits: [counter('yahoo', '', 2, unlimited)],
    ...more,
  };
}

const answer: ExplainAnswer = {
  address: 'joe@aol.example',
  sender: '',
  route: { name: '', target: 'the MX of aol.example', plugins: [] },
  validUntilMs: inMs(300_000),
  explanation: {
    route: 'mx:aol.example',
    domain: 'aol.example',
    tenant: '',
    recipients: { waiting: 0, ready: 0, active: 0 },
    site: 'mx:mx1.aol.example:25',
    label: 'mx1.aol.example',
    limits: [counter('per domain: aol.example', 'aol.example', 0, 2)],
    places: [place({ connections: 0 })],
    binding: [],
  },
  logins: [],
  served: [],
  tenants: [],
  carries: {
    messagesPerConnection: { allowed: 100, origin: 'deliver.transactions_per_connection' },
    recipientsPerMessage: { allowed: 10, origin: 'sluice.toml:12' },
  },
  rules: [aol, group],
  overrides: [],
};

test('a destination with nothing in the way', () => {
  assert.equal(
    explainText(answer, now),
    `Mail for   joe@aol.example
Route      the MX of aol.example (no [[route]] names it)
Site       mx1.aol.example
Queue      0 active, 0 ready, 0 waiting for their next attempt
Carries    at most 100 messages per connection (deliver.transactions_per_connection), 10 recipients per message (sluice.toml:12)

PREF  HOST             ADDRESS    CONNECTIONS  WINDOW     HEALTH
10    mx1.aol.example  192.0.2.1  0            2/5 start  well

LIMIT                   OF           USED  ALLOWED    SET BY
connections per domain  aol.example  0     2          sluice.toml:12
connections of yahoo                 2     unlimited  sluice.toml:20

In the way    nothing: one more message would go at once
Next attempt  none: nothing waits
`,
  );
});

test('a Unix-domain socket has no address beside its name', () => {
  const host = 'unix:/run/dovecot/lmtp';
  const socket = place({ host, transport: 'lmtp', endpoint: host, ip: '', port: 0, preference: 0 });
  const text = explainText(
    {
      ...answer,
      route: { name: 'mailboxes', target: `LMTP to ${host}`, plugins: [] },
      explanation: { ...answer.explanation, places: [socket] },
    },
    now,
  );
  assert.match(text, /^Route {6}LMTP to unix:\/run\/dovecot\/lmtp \(\[\[route\]\] mailboxes\)$/mu);
  assert.match(text, /^0 {5}unix:\/run\/dovecot\/lmtp {2}- {8}2 {12}2\/5 start {2}well$/mu);
});

test('a destination with everything that can be in the way', () => {
  const window = {
    source: '198.51.100.1',
    site: 's',
    allowed: 1,
    used: 0,
    state: 'paused',
    untilMs: inMs(90_000),
    reason: '421 too many',
  } as const;
  const error = 'mx1.aol.example[192.0.2.1]:587: connection refused';
  const full: ExplainAnswer = {
    ...answer,
    route: { name: 'partners', target: 'relay.example.net:587', plugins: ['router', 'own'] },
    tenants: [
      { tenant: '', waiting: 1, ready: 0, active: 0 },
      { tenant: 'news', waiting: 1, ready: 10, active: 2 },
    ],
    explanation: {
      ...answer.explanation,
      tenant: 'news',
      recipients: { waiting: 1, ready: 10, active: 2 },
      limits: [
        counter('override 3', 'aol.example', 2, 0, { parked: 1 }),
        counter('per domain: aol.example', 'aol.example', 1, 600, {
          quantity: 'message_rate',
          perMs: 60_000,
          freeAtMs: inMs(100),
        }),
      ],
      places: [
        place({
          source: '198.51.100.1',
          port: 587,
          health: 'resting',
          restsUntilMs: inMs(7_100),
          error,
          window,
        }),
        place({ source: '', health: 'on trial', limits: [] }),
      ],
      binding: ['domain aol.example is suspended', 'it rests'],
      nextAttemptAtMs: inMs(300_000),
    },
    rules: [suspension, aol, group],
    overrides: [override],
  };
  assert.equal(
    explainText(full, now),
    `Mail for   joe@aol.example
Route      relay.example.net:587 ([[route]] partners)
Asked      before that, for each recipient: the plugins of [[stage]] router, [[stage]] own
Site       mx1.aol.example
Tenant     news: 2 active, 10 ready, 1 waiting for their next attempt
           of other tenants: (no tenant) 1 (--tenant NAME explains those)
Carries    at most 100 messages per connection (deliver.transactions_per_connection), 10 recipients per message (sluice.toml:12)
Suspended  domain:aol.example until 2026-01-01T14:00:00.000Z (2h), by anna: they asked

PREF  HOST             ADDRESS             FROM          CONNECTIONS  WINDOW                            HEALTH
10    mx1.aol.example  192.0.2.1 port 587  198.51.100.1  2            0/1 paused for 1m (421 too many)  resting for 7.1s (${error})
10    mx1.aol.example  192.0.2.1           any           2            2/5 start                         on trial

LIMIT                    OF           USED  ALLOWED    NEXT     SET BY
connections per domain   aol.example  2     0                   sluice suspend, ends in 2h: they asked
message rate per domain  aol.example  1     600/min    in 0.1s  sluice.toml:12
connections of yahoo                  2     unlimited           sluice.toml:20

In the way    domain aol.example is suspended
              it rests
Next attempt  as soon as nothing is in the way
`,
  );
});

test('a domain whose mail goes nowhere has no addresses and no limits', () => {
  const { route, domain, tenant, recipients } = answer.explanation;
  const text = explainText(
    {
      ...answer,
      carries: undefined,
      refusal: { permanent: false, reply: '451 4.4.3 no answer' },
      explanation: {
        route,
        domain,
        tenant,
        recipients: { ...recipients, waiting: 1 },
        site: '',
        label: '',
        limits: [],
        places: [],
        binding: ['its mail waits: 451 4.4.3 no answer'],
        nextAttemptAtMs: inMs(300_000),
      },
      rules: [],
    },
    now,
  );
  assert.equal(
    text,
    `Mail for   joe@aol.example
Route      the MX of aol.example (no [[route]] names it)
Queue      0 active, 0 ready, 1 waiting for their next attempt

In the way    its mail waits: 451 4.4.3 no answer
Next attempt  2026-01-01T12:05:00.000Z (in 5m)
`,
  );
});

const limits: LimitsAnswer = {
  limits: {
    rules: [perDomain, aol, group, suspension],
    counters: [
      counter('override 3', 'aol.example', 2, 0, { parked: 2 }),
      counter('per domain: aol.example', 'aol.example', 5, 600, {
        quantity: 'message_rate',
        perMs: 60_000,
        freeAtMs: inMs(400),
      }),
      ...Array.from({ length: 7 }, (_, i) => counter('built in: per domain', `d${i}.example`, 7 - i, 20)),
      counter('global', '', 30, 1000),
    ],
    inUse: [
      { rule: 'override 3', keys: 1, parked: 2 },
      { rule: 'per domain: aol.example', keys: 1, parked: 0 },
      { rule: 'built in: per domain', keys: 7, parked: 0 },
      { rule: 'global', keys: 1, parked: 0 },
    ],
    total: 10,
  },
  overrides: [override],
};

test('limits in use, with what waits for them', () => {
  const view = { all: false, domains: [] };
  assert.equal(
    limitsText(limits, limitsOf(limits, view), view, now),
    `TARGET              LIMIT      SINCE  ENDS   BY    REASON
domain:aol.example  suspended  1m     in 2h  anna  they asked

each domain: connections=20 (built in); 7 in use, nothing waits
  d0.example  connections  7/20
  d1.example  connections  6/20
  d2.example  connections  5/20
  d3.example  connections  4/20
  d4.example  connections  3/20
  ... and 2 more

each domain of aol.example: connections=2 message_rate=600/min (sluice.toml:12); 1 in use, nothing waits
  aol.example  message_rate  5/600/min    in 0.4s

each domain of aol.example: connections=0 (sluice suspend, ends in 2h: they asked); 1 in use, 2 routes wait
  aol.example  connections  2/0  2 wait

connections in all; 1 in use, nothing waits
  (all)  connections  30/1000

1 more limit is not in use: --all shows them.

10 keys in use in all.
`,
  );
});

test('numbers include the counters that are not listed', () => {
  const view = { all: false, domains: [] };
  const { counters } = limits.limits;
  const inUse = [
    { rule: 'global', keys: 1, parked: 0 },
    { rule: 'built in: per domain', keys: 4_000, parked: 17 },
    { rule: 'window', keys: 300, parked: 0 },
  ];
  const few: LimitsAnswer = {
    limits: { ...limits.limits, counters: counters.slice(-3), inUse, total: 4_301 },
    overrides: [],
  };
  const text = limitsText(few, limitsOf(few, view), view, now);
  assert.match(
    text,
    /\(built in\); 4000 in use, 17 routes wait\n {2}d5.example.*\n {2}d6.example.*\n {2}... and 3998 more\n/,
  );
  assert.match(text, /\nconnections of source and site; 300 in use, nothing waits\n {2}... and 300 more\n/);
});

test('--all shows every key, and limits that are not in use', () => {
  const view = { all: true, domains: [] };
  const text = limitsText(limits, limitsOf(limits, view), view, now);
  assert.match(text, /^ {2}d6\.example {2}connections {2}1\/20$/m);
  assert.match(
    text,
    /^yahoo: mx \*\.yahoodns\.example; ip 192\.0\.2\.0\/24 together: connections=unlimited \(sluice\.toml:20\); not in use$/m,
  );
  assert.doesNotMatch(text, /--all/);
});

test('a domain chooses its own keys, and limits that name it', () => {
  const ids = (...domains: string[]) =>
    limitsOf(limits, { all: false, domains }).map(({ id, counters }) => [id, counters.length]);
  assert.deepEqual(ids('aol.*'), [
    ['per domain: aol.example', 1],
    ['override 3', 1],
  ]);
  assert.deepEqual(ids('d1.example', 'D2.*'), [['built in: per domain', 2]]);
  assert.deepEqual(ids('nothing.example'), []);
});

test('how messages are sent to hosts, and without what', () => {
  const shown = explainText(
    {
      ...answer,
      served: [
        { host: 'a', endpoint: '192.0.2.1:25', last: { way: 'chunk', depth: 4 }, without: [] },
        {
          host: 'b',
          endpoint: '192.0.2.2:25',
          last: { way: 'group', depth: 1 },
          without: [{ kind: 'across', text: 'timed out while waiting for the reply to MAIL', untilMs: now }],
        },
        { host: 'c', endpoint: '192.0.2.3:25', without: [{ kind: 'chunk', text: 'gone', untilMs: now }] },
      ],
    },
    now,
  );
  const until = new Date(now).toISOString();
  assert.ok(
    shown.includes(
      `
ENDPOINT      ON THE WAY  SENT AT ONCE           SERVED WITHOUT
192.0.2.1:25  4 messages  whole messages (BDAT)  -
192.0.2.2:25  1 message   commands together      one message at a time until ${until}: timed out while waiting for the reply to MAIL
192.0.2.3:25  -           -                      no CHUNKING until ${until}: gone
`,
    ),
    shown,
  );
});
