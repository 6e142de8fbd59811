// The commands of operators as programs, over a real control socket: their requests, output and exit codes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { ControlError } from '../../src/control/control-error.ts';
import type { ExplainAnswer } from '../../src/control/operations/explain.ts';
import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { Override } from '../../src/control/override.ts';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { type RunResult, sluice } from './run.ts';

const suspended: Override = {
  id: '1',
  kind: 'suspend',
  target: 'domain:aol.example',
  label: '',
  quantities: { connections: 0 },
  reason: 'they asked',
  setAtMs: Date.UTC(2026, 0, 1),
  untilMs: Date.UTC(2200, 0, 1),
  by: 'anna',
};
const limited: Override = {
  id: '2',
  kind: 'limit',
  target: 'site:mx#1',
  label: 'mx1.big.example,mx2.big.example',
  quantities: { connections: 5, messageRate: { count: 600, perMs: 60_000 } },
  reason: '',
  setAtMs: Date.UTC(2026, 0, 1),
  by: '',
};

/** Runs commands against a control socket whose answers the test sets. */
async function ground(t: TestContext, answers: Answers) {
  const { socket, folder, asked } = await controlServer(t, answers);
  const config = join(folder, 'sluice.toml');
  writeFileSync(config, `control_socket = ${JSON.stringify(socket)}\n`);
  const run = (...args: string[]): Promise<RunResult> =>
    sluice([...args, '--config', config], { env: { SUDO_USER: '' } });
  return { run, asked };
}

suite('operators', { concurrency: 2 }, () => {
  test('suspend sends targets in their normal form, with reason, end and user', async (t) => {
    const { run, asked } = await ground(t, { set: () => [suspended] });
    const args = ['suspend', 'AOL.example', 'ip:192.0.2.0/24', '--for', '2h', '--reason', 'they\nasked '];
    const { code, stdout, stderr } = await run(...args);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^domain:aol\.example is suspended until 2200-01-01T00:00:00\.000Z \(\d+d(?:\d+h)?\)\.\n$/,
    );
    assert.deepEqual(asked, [
      [
        'set',
        {
          kind: 'suspend',
          targets: ['domain:aol.example', 'ip:192.0.2.0/24'],
          forMs: 7_200_000,
          reason: 'they asked',
          by: userInfo().username,
        },
      ],
    ]);
  });

  test('suspend without targets lists what is suspended, and only that', async (t) => {
    const { run } = await ground(t, { overrides: () => [limited, suspended] });
    const { stdout } = await run('suspend');
    assert.match(
      stdout,
      /^TARGET +LIMIT +SINCE +ENDS +BY +REASON\ndomain:aol\.example +suspended .*they asked\n$/,
    );
    const json = await run('suspend', '--json');
    assert.deepEqual(JSON.parse(json.stdout), suspended);
  });

  test('suspend says when nothing is suspended', async (t) => {
    const { run } = await ground(t, { overrides: () => [limited] });
    assert.equal((await run('suspend')).stdout, 'Nothing is suspended.\n');
  });

  test('resume says what is resumed, what was not suspended, and what holds that', async (t) => {
    const { run, asked } = await ground(t, {
      unset: () => ({
        ended: [suspended],
        missing: [
          { target: 'domain:gmx.example', heldBy: [] },
          { target: 'domain:mail.gmx.example', heldBy: ['domain:*.gmx.example', 'all'] },
        ],
      }),
    });
    const { code, stdout } = await run('resume', 'aol.example', 'gmx.example', 'mail.gmx.example');
    assert.equal(code, 0);
    assert.equal(
      stdout,
      'domain:aol.example is resumed.\n' +
        'domain:gmx.example is not suspended.\n' +
        'domain:mail.gmx.example is not suspended itself; what holds it is domain:*.gmx.example, all: resume that instead.\n',
    );
    const targets = ['domain:aol.example', 'domain:gmx.example', 'domain:mail.gmx.example'];
    assert.deepEqual(asked, [['unset', { kind: 'suspend', targets }]]);
    const json = JSON.parse((await run('resume', 'aol.example', '--json')).stdout) as object;
    assert.deepEqual(Object.keys(json), ['resumed', 'notSuspended']);
  });

  test('limit set reads limits as the file does; a site is called by its hosts', async (t) => {
    const { run, asked } = await ground(t, { set: () => [limited] });
    const { stdout } = await run('limit', 'set', 'site:big.example', 'connections=5', 'message_rate=600/min');
    assert.equal(
      stdout,
      'site:mx1.big.example,mx2.big.example has connections=5, message_rate=600/min until it is taken back.\n',
    );
    const [[, change] = []] = asked;
    assert.deepEqual((change as { quantities?: unknown }).quantities, limited.quantities);
    const json = await run('limit', 'set', 'all', 'connections=5', '--json');
    assert.deepEqual(JSON.parse(json.stdout), limited);
  });

  test('clock confirm says that the clock is believed, or that it was not in doubt', async (t) => {
    const answers: (number | null)[] = [86_400_000, null];
    const { run } = await ground(t, { confirm: () => answers.shift() ?? null });
    assert.match((await run('clock', 'confirm')).stdout, /^The clock is taken to be right: it is \d{4}-/);
    assert.equal((await run('clock', 'confirm')).stdout, 'Nothing about the clock was in doubt.\n');
  });

  test('limit unset says which limits were removed, and which were not set', async (t) => {
    const { run } = await ground(t, {
      unset: () => ({ ended: [limited], missing: [{ target: 'all', heldBy: [] }] }),
    });
    assert.equal(
      (await run('limit', 'unset', 'site:big.example', 'all')).stdout,
      'site:mx1.big.example,mx2.big.example no longer has connections=5, message_rate=600/min: the configuration counts again.\n' +
        'No limit is set for all.\n',
    );
  });

  test('a command line with a mistake ends with EX_USAGE and advice, and sends no request', async (t) => {
    const { run, asked } = await ground(t, {});
    const cases: readonly (readonly [args: string[], text: RegExp])[] = [
      [['suspend', 'shop'], /^TARGET_INVALID: "shop" is not a target; write domain:/],
      [['resume', '192.0.2.1'], /^TARGET_INVALID: "192\.0\.2\.1": write ip:192\.0\.2\.1/],
      [['limit', 'set', 'all', 'speed=5'], /^LIMIT_INVALID: "speed=5" is not a limit; write NAME=VALUE/],
      [['limit', 'set', 'all'], /^error: missing required argument 'limits'/],
      [['suspend', 'all', '--for', 'ever'], /^error: option '--for <time>' argument 'ever' is invalid/],
      [['suspend', 'all', '--for', '0s'], /It must be more than 0/],
      [['resume'], /^error: missing required argument 'targets'/],
      [['top', '--by', 'size'], /Allowed choices are connections, waiting, name/],
      [['top', '--count', '0'], /It must be a whole number from 1/],
    ];
    for (const [args, text] of cases) {
      const { code, stdout, stderr } = await run(...args);
      assert.match(stderr, text);
      assert.deepEqual([code, stdout], [64, ''], args.join(' '));
    }
    assert.deepEqual(asked, []);
  });

  test('an error of the running Sluice is printed with its code and its advice', async (t) => {
    const { run } = await ground(t, {
      explain: () => {
        throw new ControlError(
          'ADDRESS_INVALID',
          '"@" is neither a mail address nor a domain.',
          'Write another.',
        );
      },
    });
    const { code, stderr } = await run('explain', '@');
    assert.equal(code, 64); // as a target or an id that is none
    assert.equal(stderr, 'ADDRESS_INVALID: "@" is neither a mail address nor a domain.\n  Write another.\n');
  });

  test('explain asks with sender and tenant, and prints the answer for people or programs', async (t) => {
    const answer: ExplainAnswer = {
      address: 'far.example',
      sender: '',
      route: { name: 'route 2', target: 'answers 550 5.1.2 Gone', plugins: [] },
      refusal: { permanent: true, reply: '550 5.1.2 Gone' },
      validUntilMs: 0,
      explanation: {
        route: 'error#route%202:far.example',
        domain: 'far.example',
        tenant: 'shop',
        recipients: { waiting: 0, ready: 0, active: 0 },
        site: '',
        label: '',
        limits: [],
        places: [],
        binding: ['its mail goes back to the sender: 550 5.1.2 Gone'],
      },
      logins: [],
      served: [],
      tenants: [],
      rules: [],
      overrides: [],
    };
    const { run, asked } = await ground(t, { explain: () => answer });
    const { stdout } = await run('explain', 'far.example', '--sender', '<>', '--tenant', 'shop');
    assert.match(
      stdout,
      /^Mail for {3}far\.example\nRoute {6}answers 550 5\.1\.2 Gone \(\[\[route\]\] route 2\)\n/,
    );
    assert.deepEqual(asked, [['explain', { address: 'far.example', sender: '', tenant: 'shop' }]]);
    assert.deepEqual(JSON.parse((await run('explain', 'far.example', '--json')).stdout), answer);
  });

  test('limits requests as many counters as it shows', async (t) => {
    const { run, asked } = await ground(t, {
      limits: () => ({ limits: { rules: [], counters: [], inUse: [], total: 0 }, overrides: [] }),
    });
    assert.equal((await run('limits')).stdout, 'No limit is in use.\n\n0 keys in use in all.\n');
    await run('limits', '--all');
    const json = await run('limits', '--domain', '*.example', 'b.example', '--json');
    assert.deepEqual(JSON.parse(json.stdout), { limits: [], total: 0, overrides: [] });
    assert.deepEqual(asked, [
      ['limits', { most: 1_000 }],
      ['limits', { most: 1_000_000 }],
      ['limits', { most: 1_000_000 }],
    ]);
  });

  const status: ManagerStatus = {
    version: '1.2.3',
    startedAtMs: 0,
    nowMs: 60_000,
    messages: 3,
    recipients: 3,
    connections: 0,
    senders: 1,
    reports: 0,
    counters: { received: 3 },
    spool: { segments: 1, bytes: 64, liveMessages: 3, damagedMessages: 0 },
    sites: [],
    siteCount: 0,
    overrides: [suspended],
    tenants: [
      { tenant: '', waiting: 1, ready: 0, active: 0 },
      { tenant: 'shop', waiting: 0, ready: 2, active: 0 },
    ],
  };

  test('status shows suspensions, and what waits for each tenant', async (t) => {
    const { run, asked } = await ground(t, { status: () => status });
    const { stdout } = await run('status');
    assert.match(stdout, /\nTARGET +LIMIT +SINCE +ENDS +BY +REASON\ndomain:aol\.example +suspended /);
    assert.match(
      stdout,
      /\nTENANT {7}ACTIVE {2}READY {2}WAITING\n\(no tenant\) {2}0 {7}0 {6}1\nshop {9}0 {7}2 {6}0\n/,
    );
    assert.deepEqual(asked, [['status', { sites: 20, order: 'connections', tenants: true }]]);
  });

  test('top prints one update without a terminal, and --json prints --count objects', async (t) => {
    let now = 0;
    const { run } = await ground(t, {
      status: () => {
        now += 1_000;
        return { ...status, nowMs: now, counters: { received: now / 100 } };
      },
    });
    const { code, stdout } = await run('top', '--interval', '1ms');
    assert.equal(code, 0);
    assert.match(stdout, /^Per second {3}10\.0 received, 0\.0 delivered/m);
    assert.equal(stdout.match(/^Sluice 1\.2\.3/gm)?.length, 1);
    const lines = (await run('top', '--json', '--interval', '1ms', '--count', '3')).stdout
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { rates: { received: number } }).rates.received),
      [10, 10, 10],
    );
  });

  test('without a running Sluice each says so', async () => {
    for (const args of [['suspend'], ['limits'], ['explain', 'a.example'], ['top'], ['resume', 'all']]) {
      const { code, stderr } = await sluice([...args, '--config', '/dev/null']);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, /^NOT_RUNNING: No Sluice is running with the control socket /);
    }
  });
});
