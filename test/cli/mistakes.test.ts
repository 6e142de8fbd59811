// Mistakes on the command line and around it: mistakes of one kind end with the same exit code, and say what to do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { ControlError } from '../../src/control/control-error.ts';
import { controlServer } from '../control/fake-source.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

/** A configuration without a running Sluice, and with an empty spool. */
function stopped(t: TestContext): string {
  const { path } = temporaryFolder(t, 'mistakes');
  for (const folder of ['spool', 'spool/segments', 'spool/journal', 'spool/large'])
    mkdirSync(join(path, folder));
  writeFileSync(join(path, 'spool/format'), 'sluice-spool 1\n');
  const file = join(path, 'sluice.toml');
  writeFileSync(file, 'hostname = "mx.example.com"\nspool = "spool"\ncontrol_socket = "control.sock"\n');
  return file;
}

describe('an option that follows an option', { concurrency: true }, () => {
  for (const args of [
    ['queue', 'list', '--domain', '-c', 'x.toml'],
    ['queue', 'remove', '--sender', '--all'],
    ['queue', 'list', '-c', '--json'],
    ['limits', '--domain', '-c', 'x.toml'],
    ['suspend', 'all', '--reason', '--for', '2h'],
    ['explain', 'a.example', '--tenant', '--json'],
    ['simulate', '--generate', '--all'],
    ['top', '--interval', '--json'],
    ['check', '-c', '--json'],
  ]) {
    it(`is not taken as its value: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await sluice(args);
      assert.equal(code, 64);
      assert.equal(stdout, '');
      assert.match(stderr, /^error: option '[^']+' argument missing before '-/u);
    });
  }

  it('is its value after an equals sign', async (t) => {
    const { code, stdout } = await sluice(['queue', 'list', '--domain=-c', '--config', stopped(t)]);
    assert.deepEqual([code, stdout], [0, 'No mail that waits matches.\n']);
  });

  it('is standard input when it is a dash alone', async () => {
    const { stderr } = await sluice(['simulate', '--workload', '-'], { input: 'x\n' });
    assert.match(stderr, /standard input:1/u);
  });
});

describe('mail that nobody could hand in', { concurrency: true }, () => {
  const tried = ['policy', 'try', 'mail.eml', '--from', 'a@b.example', '--to', 'c@d.example'];
  for (const [args, message] of [
    [
      [...tried, '--client', '300.1.1.1'],
      /'--client <address>' argument '300\.1\.1\.1' is invalid\. Write an IP address/,
    ],
    [[...tried, '--client', 'mail.b.example'], /'--client <address>' argument .* is invalid/],
    [[...tried, '--client', ''], /'--client <address>' argument '' is invalid/],
    [
      [...tried, '--client', '192.0.2.1', '--to', 'c d@e.example'],
      /'--to <address>' argument .* is invalid\. Write an address/,
    ],
    [
      [...tried, '--client', '192.0.2.1', '--from', '<a@b.example>'],
      /'--from <address>' argument .* is invalid\. Write an address/,
    ],
    [['explain', '--client', '1.2.3'], /'--client <address>' argument '1\.2\.3' is invalid/],
    [['explain', '--client', '192.0.2.1', '--from', 'a@'], /'--from <address>' argument 'a@' is invalid/],
    [['explain', '--client', '192.0.2.1', '--to', 'a@b@c'], /'--to <address>' argument 'a@b@c' is invalid/],
    [
      ['explain', '--client', '192.0.2.1', '--as', 'joe@b.example'],
      /'--client <address>' cannot be used with option '--as <user>'/,
    ],
    [
      ['explain', 'b.example', '--client', '192.0.2.1', '--tenant', 'shop'],
      /cannot be used with option '--tenant <name>'/,
    ],
    [
      ['explain', 'b.example', '--from', 'a@b.example'],
      /--from is for mail of a client: name it with --client/,
    ],
    [['explain', 'b.example', '--listen', '127.0.0.1:25'], /--listen is for mail of a client/],
  ] as const) {
    it(`is refused: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await sluice(args);
      assert.deepEqual([code, stdout], [64, '']);
      assert.match(stderr, message);
    });
  }
});

describe('an option of an earlier version', { concurrency: true }, () => {
  for (const args of [
    ['explain', 'a.example', '--queue', 'shop', '--json'],
    ['explain', 'a.example', '--queue=shop'],
  ]) {
    it(`is refused with its present name: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await sluice(args);
      assert.deepEqual([code, stdout], [64, '']);
      assert.match(stderr, /^error: option '--queue' is called --tenant now: write --tenant <name>\n/u);
    });
  }

  it('may be the value of another option', async (t) => {
    const { code, stdout } = await sluice(['queue', 'list', '--sender=--queue', '-c', stopped(t)]);
    assert.deepEqual([code, stdout], [0, 'No mail that waits matches.\n']);
  });

  it('is unknown to a command that never had it', async () => {
    const { code, stderr } = await sluice(['limits', '--queue', 'shop']);
    assert.equal(code, 64);
    assert.match(stderr, /^error: unknown option '--queue'/u);
  });
});

describe('queue list', { concurrency: true }, () => {
  it('distinguishes an empty queue from a filter that matches nothing', async (t) => {
    const config = stopped(t);
    const list = async (...args: string[]) => (await sluice(['queue', 'list', '-c', config, ...args])).stdout;
    assert.equal(await list(), 'Nothing waits.\n');
    assert.equal(await list('--domain', 'a.example'), 'No mail that waits matches.\n');
    assert.equal(await list('038G3RX6W620000'), 'No mail that waits matches.\n');
  });
});

describe('a mistake in the configuration file', { concurrency: true }, () => {
  for (const args of [
    ['status'],
    ['queue', 'list'],
    ['queue', 'hold', '--all'],
    ['limits'],
    ['clock', 'confirm'],
    ['suspend', 'all'],
  ]) {
    it(`does not prevent asking the running Sluice: ${args.join(' ')}`, async (t) => {
      const { folder } = await controlServer(t, {
        confirm: () => null,
        limits: () => ({ limits: { items: [], total: 0 }, overrides: [] }) as never,
        set: () => [],
      });
      const config = join(folder, 'sluice.toml');
      writeFileSync(config, 'control_socket = "control.sock"\n[queue]\nlifetme = "1d"\n');
      const { stderr } = await sluice([...args, '-c', config]);
      assert.match(stderr, /^warning: the configuration file has a mistake; .*\n.*:3:1: queue\.lifetme: /u);
      assert.doesNotMatch(stderr, /CONFIG_INVALID|NOT_RUNNING/u);
    });
  }

  it('is an error where it hides the place of the control socket', async (t) => {
    const { folder } = await controlServer(t, {});
    const config = join(folder, 'sluice.toml');
    writeFileSync(config, 'control_socket = control.sock\n');
    const { code, stderr } = await sluice(['queue', 'list', '-c', config]);
    assert.equal(code, 78);
    assert.match(stderr, /^CONFIG_INVALID: /u);
  });
});

describe('a mistake of the command line', { concurrency: true }, () => {
  for (const [args, code] of [
    [['queue', 'list', 'sluice.toml'], 'QUEUE_ID_INVALID'],
    [['queue', 'show', 'x'], 'QUEUE_ID_INVALID'],
    [['queue', 'remove'], 'NOTHING_CHOSEN'],
    [['suspend', ''], 'TARGET_INVALID'],
    [['limit', 'set', 'all', 'connections'], 'LIMIT_INVALID'],
    [['simulate', '--generate', 'x=1'], 'SIMULATION_USAGE'],
  ] as const) {
    it(`ends with 64: ${args.join(' ')}`, async () => {
      const result = await sluice(args);
      assert.equal(result.code, 64);
      assert.ok(result.stderr.startsWith(`${code}: `), result.stderr);
    });
  }

  const long = (length: number) => 'a'.repeat(length);
  for (const [args, said] of [
    [['explain', ''], 'The address is empty: name a mail address or a domain.'],
    [['explain', long(1001)], 'The address is too long: it has 1001 characters, and may have 1000 at most.'],
    [
      ['explain', 'a.example', '--sender', long(1001)],
      '--sender is too long: it has 1001 characters, and may have 1000 at most.',
    ],
    [
      ['explain', 'a.example', '--tenant', long(1001)],
      '--tenant is too long: it has 1001 characters, and may have 1000 at most.',
    ],
    [
      ['queue', 'list', '--domain', long(1001)],
      '--domain is too long: it has 1001 characters, and may have 1000 at most.',
    ],
    [
      ['queue', 'hold', '--recipient', long(1001)],
      '--recipient is too long: it has 1001 characters, and may have 1000 at most.',
    ],
    [
      ['queue', 'export', '--sender', long(1001)],
      '--sender is too long: it has 1001 characters, and may have 1000 at most.',
    ],
    [['suspend', 'all', '--for', '99999w'], '--for is too long a time: it may be 3650d (ten years) at most.'],
    [
      ['limit', 'set', 'all', 'connections=1', '--for', '3651d'],
      '--for is too long a time: it may be 3650d (ten years) at most.',
    ],
    [
      ['suspend', 'all', '--reason', long(501)],
      '--reason is too long: it has 501 characters, and may have 500 at most.',
    ],
    [['tls', 'sts', 'a@b.example'], '"a@b.example" is not a domain name.'],
    [['tls', 'sts', '192.0.2.1'], '"192.0.2.1" is not a domain name.'],
    [['reports', 'show', ''], '"" is not a domain name.'],
    [['reports', 'show', 'b.example', '2026-11-31'], '"2026-11-31" is not a day.'],
    [['reports', 'send', 'b.example', '2026-11-28', '--kind', 'x'], '"x" is no kind of report.'],
    [
      ['resume', ...Array.from({ length: 1001 }, (_, at) => `d${at}.example`)],
      'The targets are too many: 1000 can be named at once.',
    ],
  ] as const) {
    it(`is reported before anything is sent, whether Sluice runs or not: ${args.join(' ').slice(0, 60)}`, async () => {
      const { code, stderr } = await sluice([...args, '-c', '/dev/null']);
      assert.equal(stderr.split('\n')[0], `VALUE_INVALID: ${said}`);
      assert.equal(code, 64);
    });
  }

  it('is an interval between updates that no timer can wait for', async () => {
    const { code, stderr } = await sluice(['top', '--interval', '99999w', '-c', '/dev/null']);
    assert.match(stderr, /'99999w' is invalid\. It may be 1d at most\./u);
    assert.equal(code, 64);
  });

  it('ends with 64 also when only the running Sluice can find it', async (t) => {
    const running = await controlServer(t, {
      explain: () => {
        throw new ControlError('ADDRESS_INVALID', '"a b" is neither a mail address nor a domain.');
      },
    });
    const config = join(running.folder, 'sluice.toml');
    writeFileSync(config, 'control_socket = "control.sock"\n');
    assert.equal((await sluice(['explain', 'a b', '-c', config])).code, 64);
  });
});

describe('a working folder that was removed', { concurrency: true }, () => {
  /** Runs in a folder that was removed; `$0` is this Node. */
  const homeless = (args: string) =>
    shell(`d=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$0" "${sluiceBin}" ${args} </dev/null`);

  it('does not matter when the configuration has an absolute name', async (t) => {
    const { code, stderr } = await homeless(`queue list -c ${stopped(t)}`);
    assert.deepEqual([code, stderr], [0, '']);
  });

  for (const [args, expected] of [
    ['status', 71],
    ['status -c sluice.toml', 71],
    ['check', 71],
    ['sendmail a@b.example', 75],
  ] as const) {
    it(`is reported in a sentence otherwise: ${args}`, async () => {
      const { code, stderr } = await homeless(args);
      assert.match(
        stderr,
        /^NO_WORKING_FOLDER: Looking for .* in the working folder: it does not exist any more\.\n/u,
      );
      assert.equal(code, expected);
    });
  }
});

describe(
  'output that cannot be written',
  { skip: !existsSync('/dev/full') && 'there is no /dev/full', concurrency: true },
  () => {
    for (const command of [
      'version',
      'check',
      'config show',
      'queue --help',
      'sendmail --help',
      'queue list -c CONFIG',
    ]) {
      it(`is reported in a sentence: ${command}`, async (t) => {
        const line = `exec "$0" "${sluiceBin}" ${command.replace('CONFIG', stopped(t))} >/dev/full`;
        const { code, stderr } = await shell(line);
        assert.equal(
          stderr.split('\n')[0],
          'OUTPUT_FAILED: Writing to standard output: there is no space left.',
        );
        assert.doesNotMatch(stderr, / at /u);
        assert.equal(code, 74);
      });
    }

    it('is no error when the reader has stopped', async () => {
      const { code, stderr } = await shell(
        `"$0" "${sluiceBin}" config show --defaults | true; exit "\${PIPESTATUS[0]}"`,
      );
      assert.deepEqual([code, stderr], [0, '']);
    });

    it('does not change the exit code when it is the text of an error', async () => {
      assert.equal((await shell(`exec "$0" "${sluiceBin}" chekc 2>/dev/full`)).code, 64);
    });
  },
);

/** Runs a line of bash; `$0` is this Node. */
function shell(line: string): Promise<{ readonly code: number; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', line, process.execPath], (error, _, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stderr });
    });
  });
}
