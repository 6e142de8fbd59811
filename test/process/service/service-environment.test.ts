// What a service manager says in environment variables is read, and removed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeServiceEnvironment } from '../../../src/process/service/service-environment.ts';

const nothing = {
  notifySocket: undefined,
  notifyDescriptor: undefined,
  watchdogMs: undefined,
  descriptors: [],
};

test('without a service manager there is nothing', () => {
  assert.deepEqual(takeServiceEnvironment({ PATH: '/bin' }, 7), nothing);
});

test('all variables are read and removed, and others stay', () => {
  const env: NodeJS.ProcessEnv = {
    PATH: '/bin',
    NOTIFY_SOCKET: '/run/systemd/notify',
    SLUICE_NOTIFY_FD: '5',
    WATCHDOG_USEC: '60000000',
    WATCHDOG_PID: '7',
    LISTEN_FDS: '2',
    LISTEN_PID: '7',
    LISTEN_FDNAMES: 'smtp:sluice.socket',
  };
  assert.deepEqual(takeServiceEnvironment(env, 7), {
    notifySocket: '/run/systemd/notify',
    notifyDescriptor: 5,
    watchdogMs: 60_000,
    descriptors: [
      { fd: 3, name: 'smtp' },
      { fd: 4, name: 'sluice.socket' },
    ],
  });
  assert.deepEqual(env, { PATH: '/bin' });
});

test('what is meant for another process does not count', () => {
  const env = { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8', LISTEN_FDS: '1', LISTEN_PID: '8' };
  assert.deepEqual(takeServiceEnvironment(env, 7), nothing);
});

test('a descriptor named notify is the connection to the service manager', () => {
  const env = { NOTIFY_SOCKET: '/run/n', LISTEN_FDS: '2', LISTEN_PID: '7', LISTEN_FDNAMES: 'smtp:notify' };
  const { notifyDescriptor, descriptors } = takeServiceEnvironment(env, 7);
  assert.deepEqual([notifyDescriptor, descriptors], [4, [{ fd: 3, name: 'smtp' }]]);
});

test('numbers that nobody can have meant are none', () => {
  const env = { NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '-1', LISTEN_FDS: 'many', LISTEN_PID: '7' };
  assert.deepEqual(takeServiceEnvironment(env, 7), { ...nothing, notifySocket: '/run/n' });
});
