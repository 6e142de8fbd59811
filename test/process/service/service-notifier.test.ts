// What the service manager hears, when, and when it hears no sign of life.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ServiceNotifier, type ServiceState } from '../../../src/process/service/service-notifier.ts';

function notifierOf(t: TestContext, watchdogMs?: number) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const sent: string[] = [];
  const environment = {
    notifySocket: '/run/n',
    notifyDescriptor: undefined,
    watchdogMs,
    descriptors: [],
  };
  const notifier = new ServiceNotifier(environment, (message, done) => {
    sent.push(message);
    done();
  });
  t.after(() => notifier.close());
  let state: ServiceState = { status: '', isWell: true };
  notifier.watch(() => state);
  return {
    notifier,
    set: (next: Partial<ServiceState>) => {
      state = { ...state, ...next };
    },
    /** Lets time pass, and returns what was sent meanwhile. */
    pass: (ms: number) => {
      const before = sent.length;
      for (let passed = 0; passed < ms; passed += 500) {
        nowMs += 500;
        t.mock.timers.tick(500);
      }
      return sent.slice(before);
    },
    taken: () => sent.splice(0),
  };
}

test('a start asks for more time again and again, until Sluice is ready', (t) => {
  const { notifier, set, pass, taken } = notifierOf(t);
  assert.deepEqual(taken(), ['EXTEND_TIMEOUT_USEC=30000000']);
  set({ status: 'Starting' });
  assert.deepEqual(pass(10_000), [
    'EXTEND_TIMEOUT_USEC=30000000\nSTATUS=Starting',
    'EXTEND_TIMEOUT_USEC=30000000',
  ]);
  taken();
  set({ status: 'Running' });
  notifier.ready();
  assert.deepEqual(taken(), ['READY=1\nSTATUS=Running']);
  assert.deepEqual(pass(60_000), []);
});

test('a watched Sluice gives a sign of life within half of the time, and seldom more often', (t) => {
  const { notifier, pass } = notifierOf(t, 60_000);
  notifier.ready();
  assert.deepEqual(
    pass(300_000),
    Array.from({ length: 12 }, () => 'WATCHDOG=1'),
  );
});

test('no sign of life is given while a process is beyond help', (t) => {
  const { notifier, set, pass } = notifierOf(t, 2_000);
  notifier.ready();
  assert.ok(pass(10_000).length >= 10);
  set({ isWell: false });
  assert.deepEqual(pass(10_000), []);
  set({ isWell: true });
  assert.ok(pass(2_000).length > 0);
});

test('a status is told when it changes, in one line', (t) => {
  const { notifier, set, pass } = notifierOf(t);
  set({ status: 'Running' });
  notifier.ready();
  set({ status: 'Running; critical: a\nREADY=0\u007f' });
  assert.deepEqual(pass(20_000), ['STATUS=Running; critical: a READY=0 ']);
});

test('a reload is told with the monotonic time, and its end', (t) => {
  const { notifier, set, taken } = notifierOf(t);
  taken();
  notifier.reloading(); // before the start is over, this is no reload for the service manager
  notifier.reloaded();
  assert.deepEqual(taken(), []);
  set({ status: 'Running' });
  notifier.ready();
  taken();
  const beforeUs = process.hrtime.bigint() / 1_000n;
  notifier.reloading();
  const [message = ''] = taken();
  const said = /^RELOADING=1\nMONOTONIC_USEC=(?<us>\d+)\nSTATUS=/u.exec(message)?.groups?.['us'];
  assert.ok(said !== undefined && BigInt(said) >= beforeUs, message);
  notifier.reloaded();
  assert.deepEqual(taken(), ['READY=1\nSTATUS=Running']);
});

test('a stop says how long it may take, and nothing comes after it', (t) => {
  const { notifier, pass, taken } = notifierOf(t, 2_000);
  notifier.ready();
  taken();
  notifier.stopping(75_000);
  assert.deepEqual(taken(), [
    'STOPPING=1\nEXTEND_TIMEOUT_USEC=75000000\nSTATUS=Stopping: transactions in hand are finished',
  ]);
  notifier.reloading();
  notifier.ready();
  assert.deepEqual(pass(10_000), []);
});
