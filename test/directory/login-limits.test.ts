// Failed log-ins and bans on virtual time: who is banned by what, until when, and whom that must not touch.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuardedDirectory, type GuardSettings } from '../../src/directory/guarded-directory.ts';
import { parseNetwork } from '../../src/values/network.ts';
import { directoryOf } from '../sasl/secrets.ts';

const hour = 3_600_000;
const usual: GuardSettings = {
  perClient: { count: 3, perMs: hour },
  perNetwork: { count: 100, perMs: hour },
  perUser: { count: 100, perMs: hour },
  banMs: 60_000,
  exempt: [],
  failureDelayMs: 0,
};

function world(settings: Partial<GuardSettings> = {}) {
  const clock = { now: 1_000_000 };
  const log: string[] = [];
  const counted = { checks: 0 };
  const one = directoryOf({ login: 'joe@example.com', password: 'pencil' });
  const behind = {
    ...one,
    // As a user has an alias.
    countedAs: (login: string) => Promise.resolve(login.toLowerCase().replace('info@', 'joe@')),
    checkPassword: (login: Parameters<typeof one.checkPassword>[0]) => {
      counted.checks++;
      return one.checkPassword(login);
    },
  };
  const guarded = new GuardedDirectory(
    behind,
    { ...usual, ...settings },
    {
      now: () => clock.now,
      // Time passes when nothing else is left to do.
      wait: (ms) =>
        new Promise((resolve) =>
          setImmediate(() => {
            clock.now += ms;
            resolve();
          }),
        ),
      log: { warn: (message) => log.push(message) },
    },
  );
  const logIn = async (client: string, password: string, login = 'joe@example.com'): Promise<string> => {
    const answer = await guarded.checkPassword({ login, password, client, isEncrypted: true });
    return answer.kind === 'banned' ? `${answer.ban.kind} ${answer.ban.target}` : answer.kind;
  };
  const took = async (act: () => Promise<unknown>): Promise<number> => {
    const before = clock.now;
    await act();
    return clock.now - before;
  };
  return { guarded, clock, took, log, counted, logIn };
}

async function times(count: number, act: (index: number) => Promise<string>): Promise<string[]> {
  const all: string[] = [];
  for (let index = 0; index < count; index++) all.push(await act(index));
  return all;
}

test('a wrong token counts as a wrong password does, by the name that came with it, and by the client', async () => {
  const { guarded, logIn, took } = world({ failureDelayMs: 1 });
  const token = async (client: string, login: string): Promise<string> => {
    const answer = await guarded.checkToken({ login, token: 'wrong', client });
    return answer.kind === 'banned' ? `${answer.ban.kind} ${answer.ban.target}` : answer.kind;
  };
  const most = usual.perClient.count;
  const all = () => times(most + 1, () => token('192.0.2.7', ''));
  assert.equal(await took(async () => assert.deepEqual(await all(), Array(most + 1).fill('wrong'))), 4);
  assert.equal(await token('192.0.2.7', ''), 'client 192.0.2.7');
  assert.equal(await logIn('192.0.2.7', 'pencil'), 'client 192.0.2.7');
  // No name was said, so nobody's name is banned.
  assert.equal(await logIn('198.51.100.7', 'pencil'), 'right');
  await times(usual.perUser.count + 1, (index) => token(`203.0.113.${index}`, 'sue@example.com'));
  assert.equal(await token('198.51.100.8', 'sue@example.com'), 'user sue@example.com');
});

test('a client that fails too often is banned, and the ban ends by itself', async () => {
  const { logIn, clock, counted, log, guarded } = world();
  const wrong = () => logIn('192.0.2.7', 'pen');
  assert.deepEqual(await times(4, wrong), ['wrong', 'wrong', 'wrong', 'wrong']);
  assert.equal(
    await logIn('192.0.2.7', 'pencil'),
    'client 192.0.2.7',
    'even the right password is not checked',
  );
  assert.equal(counted.checks, 4);
  assert.match(
    log.join('\n'),
    /^too many log-ins have failed: the client 192\.0\.2\.7 may not log in for 1m;/,
  );
  assert.equal(await logIn('192.0.2.8', 'pencil'), 'right', 'another client is not touched');
  assert.deepEqual(await guarded.bans(), [{ kind: 'client', target: '192.0.2.7', remainingMs: 60_000 }]);
  clock.now += 59_999;
  assert.equal(await logIn('192.0.2.7', 'pencil'), 'client 192.0.2.7');
  clock.now++;
  assert.deepEqual(await guarded.bans(), []);
  assert.deepEqual(await times(3, wrong), ['wrong', 'wrong', 'wrong'], 'it begins anew');
  assert.equal(await logIn('192.0.2.7', 'pencil'), 'right');
});

test('failures that are far enough apart ban nobody', async () => {
  const { logIn, clock } = world();
  const all = await times(20, async () => {
    clock.now += hour / 3;
    return logIn('192.0.2.7', 'pen');
  });
  assert.deepEqual(new Set(all), new Set(['wrong']));
});

test('a network is banned as a whole: a /24, and a /48 in IPv6, where a client has a /64', async () => {
  const { logIn } = world({ perNetwork: { count: 5, perMs: hour } });
  await times(6, (index) => logIn(`192.0.2.${index}`, 'pen'));
  assert.equal(await logIn('192.0.2.200', 'pencil'), 'network 192.0.2.0/24');
  assert.equal(await logIn('192.0.3.1', 'pencil'), 'right');
  await times(4, (index) => logIn(`2001:db8:1:1::${index + 1}`, 'pen'));
  assert.equal(await logIn('2001:db8:1:1:aa::', 'pencil'), 'client 2001:db8:1:1::/64');
  assert.equal(await logIn('2001:db8:1:2::1', 'pencil'), 'right');
  await times(2, (index) => logIn(`2001:db8:1:${index + 3}::1`, 'pen'));
  assert.equal(await logIn('2001:db8:1:9::1', 'pencil'), 'network 2001:db8:1::/48');
  assert.equal(await logIn('2001:db8:2::1', 'pencil'), 'right');
});

test('all addresses of a user count together', async () => {
  const { logIn } = world({ perUser: { count: 5, perMs: hour } });
  await times(6, (index) =>
    logIn(`192.0.2.${index}`, 'pen', index % 2 === 0 ? 'INFO@example.com' : 'joe@example.com'),
  );
  assert.equal(await logIn('198.51.100.7', 'pencil'), 'user joe@example.com');
  assert.equal(await logIn('198.51.100.8', 'pencil', 'info@example.com'), 'user joe@example.com');
});

test('a user name is banned whether or not there is such a user', async () => {
  const { logIn } = world({ perUser: { count: 5, perMs: hour } });
  for (const user of ['joe@example.com', 'eve@example.com']) {
    await times(6, (index) => logIn(`198.51.${index}.1`, 'pen', user));
    assert.equal(await logIn('203.0.113.1', 'pencil', user.toUpperCase()), `user ${user}`);
  }
});

test('whoever guesses passwords does not lock a user out where the user has logged in before', async () => {
  const { logIn } = world({ perUser: { count: 5, perMs: hour } });
  assert.equal(await logIn('203.0.113.1', 'pencil'), 'right');
  await times(6, (index) => logIn(`198.51.${index}.1`, 'pen'));
  assert.equal(await logIn('203.0.113.2', 'pencil'), 'user joe@example.com');
  assert.equal(await logIn('203.0.113.1', 'pencil'), 'right');
});

test('exempt clients, and programs of this host, are not banned by their address', async () => {
  const { logIn } = world({ exempt: [parseNetwork('192.0.2.0/24')] });
  for (const client of ['192.0.2.7', ''])
    assert.deepEqual(new Set(await times(10, () => logIn(client, 'pen'))), new Set(['wrong']));
});

test('what cannot be told is no failure, and with a ban of 0 nobody is banned', async () => {
  const failing = world();
  assert.deepEqual(
    new Set(await times(10, () => failing.logIn('192.0.2.7', 'x', 'down'))),
    new Set(['failing']),
  );
  const { logIn } = world({ banMs: 0 });
  assert.deepEqual(new Set(await times(10, () => logIn('192.0.2.7', 'pen'))), new Set(['wrong']));
});

test('a ban holds for SCRAM from the first message on, and failed proofs count', async () => {
  const { guarded, logIn } = world();
  const login = { login: 'joe@example.com', authMessage: 'a', proof: 'YQ==' };
  for (let count = 0; count < 4; count++) {
    assert.equal((await guarded.startScram(login.login, '192.0.2.7')).kind, 'salt');
    assert.equal((await guarded.finishScram(login, '192.0.2.7')).kind, 'wrong');
  }
  assert.equal((await guarded.startScram(login.login, '192.0.2.7')).kind, 'banned');
  assert.equal((await guarded.finishScram(login, '192.0.2.7')).kind, 'banned');
  assert.equal(await logIn('192.0.2.7', 'pencil'), 'client 192.0.2.7');
});

test('bans can be lifted one by one, or all', async () => {
  const { guarded, logIn } = world();
  for (const client of ['192.0.2.7', '192.0.2.8', '192.0.2.9']) await times(4, () => logIn(client, 'pen'));
  assert.deepEqual(
    (await guarded.liftBans('192.0.2.7')).map(({ target }) => target),
    ['192.0.2.7'],
  );
  assert.equal(await logIn('192.0.2.7', 'pencil'), 'right');
  assert.equal(await logIn('192.0.2.8', 'pencil'), 'client 192.0.2.8');
  assert.deepEqual(await guarded.liftBans('192.0.2.7'), []);
  assert.equal((await guarded.liftBans(undefined)).length, 2);
  assert.equal(await logIn('192.0.2.8', 'pencil'), 'right');
});

test('a failure is answered after the same time, and success at once', async () => {
  const { logIn, took } = world({ failureDelayMs: 1_000 });
  assert.equal(await took(() => logIn('192.0.2.8', 'pen')), 1_000);
  assert.equal(await took(() => logIn('192.0.2.9', 'pen', 'nobody@example.com')), 1_000);
  assert.equal(await took(() => logIn('192.0.2.7', 'pencil')), 0);
});

test('what is remembered is bounded', async () => {
  const { logIn, guarded } = world({ perUser: { count: 1, perMs: hour } });
  const names = Array.from({ length: 20_010 }, (_, index) => `user${index}`);
  for (const name of names) await times(2, () => logIn('', 'pen', name));
  const bans = await guarded.bans();
  assert.equal(bans.length, 20_000);
  assert.equal(bans[0]?.target, 'user0', 'no ban is pushed out');
  assert.equal(await logIn('', 'pencil', 'user20009'), 'user user20009', 'the others are held to the rate');
});
