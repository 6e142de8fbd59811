// How messages come under the scheduler: tenant, priority, and dates of the spool as times of the scheduler.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SteadyClock } from '../../src/io/steady-clock.ts';
import { AskedRoutes } from '../../src/manager/plugins/asked-routes.ts';
import { Admission } from '../../src/manager/admission.ts';
import type { Submitted } from '../../src/channel/messages.ts';
import type { Router } from '../../src/route/types.ts';
import type {
  MessageHandle,
  NewRecipient,
  NewScheduledMessage,
  Scheduler,
} from '../../src/schedule/types.ts';
import type { RecoveredMessage, SpoolStore } from '../../src/spool/types.ts';
import { noVerp } from './no-verp.ts';

/** An admission, and what the scheduler heard. */
function setUp({ nowMs = 7, shiftMs = 0 } = {}) {
  const begun: NewScheduledMessage[] = [];
  const routes: string[] = [];
  const scheduler = {
    begin: (message: NewScheduledMessage) => (begun.push(message) - 1) as MessageHandle,
    add: (_: MessageHandle, { route }: NewRecipient) => void routes.push(route),
    commit: () => undefined,
  } as unknown as Scheduler;
  const store = { submitted: () => true } as unknown as SpoolStore;
  const routing = {
    router: { routeOf: () => ({ key: 'mx:b.test', domain: 'b.test' }) } as unknown as Router,
    verp: noVerp,
  };
  // Dates are ahead by the shift.
  const stretches = [{ fromMs: 0, toMs: nowMs + shiftMs, shiftMs }];
  const clock = new SteadyClock({ stretches, monotonic: () => 0, date: () => nowMs + shiftMs });
  return {
    admission: new Admission(scheduler, store, routing, clock, new AskedRoutes()),
    begun,
    routes,
    routing,
  };
}

const ref = { store: 0, place: [1, 32, 160] };
const submitted: Submitted = {
  kind: 'submitted',
  queueId: 'Q1',
  ref,
  receivedAtMs: 5,
  sizeBytes: 10,
  reversePath: 'a@a.test',
  recipients: ['b@b.test'],
};
const recovered: RecoveredMessage = {
  queueId: 'Q2',
  ref,
  receivedAtMs: 6,
  sizeBytes: 10,
  reversePath: '',
  body: '7BIT',
  smtpUtf8: false,
  held: true,
  waiting: [],
};

test('a message that was quarantined comes under the scheduler held', () => {
  const { admission, begun } = setUp();
  admission.submitted({ ...submitted, quarantine: 'spam' }, 7);
  admission.submitted(submitted, 7);
  assert.deepEqual(
    begun.map(({ held }) => held),
    [true, false],
  );
});

test('tenant and priority of a message reach the scheduler, new and after a restart', () => {
  const { admission, begun } = setUp();
  admission.submitted({ ...submitted, tenant: 'shop', priority: -2 }, 7);
  admission.recovered({ ...recovered, tenant: 'news', priority: 9 });
  assert.deepEqual(begun, [
    {
      queueId: 'Q1',
      tenant: 'shop',
      priority: -2,
      receivedAtMs: 5,
      nullSender: false,
      held: false,
      store: 0,
    },
    { queueId: 'Q2', tenant: 'news', priority: 9, receivedAtMs: 6, nullSender: true, held: true, store: 0 },
  ]);
});

const hour = 3_600_000;

test('a message that comes in while the clock is wrong was received now, all the same', () => {
  const { admission, begun } = setUp({ nowMs: 100 * hour });
  const year = 365 * 24 * hour;
  for (const receivedAtMs of [99.5 * hour, 100 * hour + year, 100 * hour - year])
    admission.submitted({ ...submitted, receivedAtMs }, 100 * hour);
  assert.deepEqual(
    begun.map(({ receivedAtMs }) => receivedAtMs),
    [99.5 * hour, 100 * hour, 100 * hour],
  );
});

test('dates in the spool become times of the scheduler, people see dates', () => {
  const { admission, begun } = setUp({ nowMs: 100 * hour, shiftMs: 7 * hour });
  admission.recovered({ ...recovered, receivedAtMs: 17 * hour });
  assert.equal(begun[0]?.receivedAtMs, 10 * hour);
  assert.equal(admission.receivedAtMs(0 as MessageHandle), 17 * hour);
});

test('a message without tenant and priority belongs to no tenant', () => {
  const { admission, begun } = setUp();
  admission.submitted(submitted, 7);
  admission.recovered(recovered);
  assert.deepEqual(
    begun.map(({ tenant, priority }) => [tenant, priority]),
    [
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
});

test('a message without a priority gets the highest priority of its routes', () => {
  const { admission, begun, routing } = setUp();
  const priorities: Record<string, number> = { 'low@b.test': -5, 'lower@b.test': -7 };
  routing.router = {
    routeOf: (_: string, recipient: string) => ({
      key: 'mx:b.test',
      domain: 'b.test',
      priority: priorities[recipient],
    }),
  } as unknown as Router;
  admission.submitted({ ...submitted, recipients: ['lower@b.test', 'low@b.test', 'other@b.test'] }, 7);
  admission.submitted({ ...submitted, recipients: ['lower@b.test'], priority: 3 }, 7);
  assert.deepEqual(
    begun.map(({ priority }) => priority),
    [-5, 3],
  );
});

test('what a message asks for about TLS is in its routes, when it is new and after a restart', () => {
  const { admission, routes } = setUp();
  admission.submitted({ ...submitted, tlsDemand: 'requiretls' }, 7);
  const waiting = [
    { index: 0, address: 'b@b.test', attempts: 1, nextAttemptAtMs: 0, lastRefusal: '' as const },
  ];
  admission.recovered({ ...recovered, tlsDemand: 'tls-required-no', waiting });
  assert.deepEqual(routes, ['requiretls!mx:b.test', 'tls-required-no!mx:b.test']);
});

test('a route that a stage chose is that of its recipient, new or recovered, and copies keep a route of their own', () => {
  const { admission, routes, routing } = setUp();
  routing.router = {
    routeOf: () => ({ key: 'mx:b.test', domain: 'b.test' }),
    routeNamed: (name: string) => ({ key: `relay#${name}:b.test`, domain: 'b.test' }),
  } as unknown as Router;
  const recipients = ['b@b.test', 'c@b.test', 'archive@b.test'];
  const chosen = { copies: [2], routes: ['bulk', undefined, 'bulk'] };
  const keys = ['by-stage!relay#bulk:b.test', 'mx:b.test', 'by-stage!copy!relay#bulk:b.test'];
  // As it comes from another process.
  const received = JSON.parse(JSON.stringify({ ...submitted, recipients, ...chosen })) as typeof submitted;
  admission.submitted(received, 7);
  assert.deepEqual(routes, keys);
  const waiting = recipients.map((address, index) => ({
    index,
    address,
    attempts: 1,
    nextAttemptAtMs: 0,
    lastRefusal: '' as const,
  }));
  admission.recovered({ ...recovered, waiting: waiting.slice(1), ...chosen });
  assert.deepEqual(routes.slice(3), keys.slice(1));
});
