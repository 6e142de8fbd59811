// The commands that change the queue, against a control process whose answers the test makes: what they ask, print and exit with.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ControlError } from '../../src/control/control-error.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { sluice } from './run.ts';

const report: JobReport = {
  job: 3,
  action: 'hold',
  dryRun: false,
  state: 'done',
  startedAtMs: Date.now(),
  seen: 9,
  of: 9,
  recipients: 5,
  messages: 4,
  unstored: 0,
  refused: 0,
  reason: '',
};

async function running(t: TestContext, answers: Answers) {
  const server = await controlServer(t, answers);
  const config = join(server.folder, 'sluice.toml');
  writeFileSync(config, `spool = "${server.folder}"\ncontrol_socket = "${server.socket}"\n`);
  const run = (args: readonly string[], options: Parameters<typeof sluice>[1] = {}) =>
    sluice(['queue', ...args, '-c', config], options);
  return { ...server, run };
}

describe('sluice queue', { concurrency: 4 }, () => {
  it('hold asks for what was chosen, and says how many recipients are held', async (t) => {
    const { run, asked } = await running(t, { change: () => report });
    assert.deepEqual(await run(['hold', '--domain', 'a.test']), {
      code: 0,
      stdout: '5 recipients held.\n',
      stderr: '',
    });
    assert.deepEqual(asked, [['change', { action: 'hold', filter: { domain: 'a.test' } }]]);
  });

  it('a dry run prints what would be changed by state and domain', async (t) => {
    const preview = {
      states: [{ name: 'ready', recipients: 5 }],
      domains: [{ name: 'a.test', recipients: 3 }],
      otherDomains: 2,
    };
    const { run, asked } = await running(t, {
      change: () => ({ ...report, action: 'remove', dryRun: true, preview }),
    });
    const { code, stdout } = await run(['remove', '--all', '--dry-run']);
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `5 recipients of 4 messages would be removed. Nothing was changed.

STATE  RECIPIENTS
ready  5

DOMAIN        RECIPIENTS
a.test        3
(all others)  2
`,
    );
    assert.deepEqual(asked, [['change', { action: 'remove', filter: {}, dryRun: true }]]);
  });

  it('--json prints a line for each report of progress, and one for the result', async (t) => {
    const { run } = await running(t, {
      change: async (_, { report: tell }) => {
        await tell([{ seen: 4, of: 9, recipients: 2, messages: 2 }]);
        return report;
      },
    });
    const { code, stdout, stderr } = await run(['hold', '--all', '--json']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      [{ state: 'running', seen: 4, of: 9, recipients: 2, messages: 2 }, report],
    );
  });

  it('Ctrl-C cancels: the command says how far it came, and exits as after SIGINT', async (t) => {
    const { run } = await running(t, {
      change: async (_, { report: tell, signal }) => {
        await tell([{ seen: 4, of: 9, recipients: 2, messages: 2 }]);
        await new Promise((cancelled) => signal.addEventListener('abort', cancelled));
        return { ...report, state: 'cancelled', seen: 6, recipients: 3 };
      },
    });
    const { code, stderr } = await run(['hold', '--all', '--json'], {
      // A second one would end it at once.
      written: (stdout, child) => void (stdout.split('\n').length === 2 && child.kill('SIGINT')),
    });
    assert.equal(code, 130);
    assert.equal(
      stderr,
      `JOB_CANCELLED: The job was cancelled after 6 of 9 messages. Until then, 3 recipients held.
  What was done stays done. Run the command again to go on: what is done already does not count again.
`,
    );
  });

  it('a job that ends with the manager has an exit code of its own, and says what was done at least', async (t) => {
    const { run } = await running(t, {
      change: async (_, { report: tell }) => {
        await tell([{ seen: 4, of: 9, recipients: 2, messages: 2 }]);
        throw new ControlError('MANAGER_LOST', 'The manager process is being restarted.', 'Try again.');
      },
    });
    const { code, stderr } = await run(['remove', '--all']);
    assert.equal(code, 75);
    assert.match(
      stderr,
      /^JOB_INTERRUPTED: The job ended early, because the manager process is being restarted\. At the last report, 2 recipients removed; some more may be\./,
    );
  });

  for (const [what, changes, code, text] of [
    [
      'what is not on the disk',
      { unstored: 5, reason: 'the disk is full' },
      1,
      /^CHANGE_NOT_STORED: The change is in force for 5 recipients, but it is not on the disk: the disk is full\n/,
    ],
    [
      'reports that could not be stored',
      { action: 'bounce', refused: 2, reason: 'no room' },
      1,
      /^REPORTS_NOT_STORED: 5 recipients were given up\. 2 recipients are in the queue as before, .*: no room\n/,
    ],
    [
      'a fault of Sluice',
      { state: 'failed', reason: 'surprise' },
      70,
      /^JOB_FAILED: Changing the queue failed: surprise\. Until then, 5 recipients held\.\n/,
    ],
  ] as const) {
    it(`the error tells of ${what}`, async (t) => {
      const { run } = await running(t, { change: () => ({ ...report, ...changes }) });
      const result = await run(['hold', '--all']);
      assert.equal(result.code, code);
      assert.match(result.stderr, text);
    });
  }

  it('--detach does not wait; jobs lists it, and cancel ends it', async (t) => {
    const { run, asked } = await running(t, {
      change: () => ({ ...report, state: 'running', seen: 0, recipients: 0 }),
      jobs: () => [{ ...report, startedAtMs: Date.now(), state: 'running', seen: 6 }],
      cancel: () => ({ ...report, state: 'cancelled', seen: 6 }),
    });
    const detached = await run(['hold', '--all', '--detach']);
    assert.equal(detached.stdout, 'Job 3 is at work: "sluice queue jobs" shows how far it is.\n');
    const { stdout } = await run(['jobs']);
    assert.match(
      stdout,
      /^JOB +ACTION +STATE +SINCE +LOOKED AT +RECIPIENTS +REASON\n3 +hold +running +\d+s +6 of 9 +5\n$/,
    );
    const cancelled = await run(['cancel', '3']);
    assert.equal(cancelled.stdout, 'Job 3 is cancelled after 6 of 9 messages: 5 recipients held.\n');
    assert.deepEqual(asked.at(-1), ['cancel', { job: 3 }]);
    assert.equal((await run(['cancel', 'all'])).code, 64);
  });
});
