// `sluice sendmail` does what scripts expect of sendmail: envelope, header, dots, exit codes.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, it, type TestContext } from 'node:test';

import { type RunOptions, type RunResult, sluice } from './run.ts';
import { type SmtpServer, smtpServer } from './smtp-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-sendmail-'));
after(() => rmSync(folder, { recursive: true }));

function configFor(path: string, more = ''): string {
  const file = `${path}.toml`;
  writeFileSync(file, `hostname = "host.example.com"\nsubmission_socket = "${path}"\n${more}`);
  return file;
}

let servers = 0;

async function server(t: TestContext, answer?: (command: string) => string | undefined): Promise<SmtpServer> {
  const running = await smtpServer(join(folder, `${++servers}.sock`), answer);
  t.after(() => running.close());
  return running;
}

function sendmail(
  to: SmtpServer,
  args: readonly string[],
  input: string | Buffer,
  options: RunOptions = {},
): Promise<RunResult> {
  return sluice(['sendmail', ...args], {
    input,
    ...options,
    env: { SLUICE_CONFIG: configFor(to.path), ...options.env },
  });
}

const message =
  'From: a@example.com\nDate: Sun, 22 Nov 2026 14:00:00 +0000\nMessage-ID: <1@x>\nSubject: hello\n\nbody\n';
const asSent = message.replaceAll('\n', '\r\n');

describe('sendmail', { concurrency: true }, () => {
  it('hands a message in at the submission socket for the recipients named', async (t) => {
    const to = await server(t);
    const result = await sendmail(
      to,
      ['-i', '-f', 'me@example.com', 'you@example.net', 'her@example.org, root'],
      message,
    );
    assert.deepEqual(result, { code: 0, stdout: '', stderr: '' });
    assert.deepEqual(to.commands, [
      'EHLO host.example.com',
      `MAIL FROM:<me@example.com> SIZE=${asSent.length}`,
      'RCPT TO:<you@example.net>',
      'RCPT TO:<her@example.org>',
      'RCPT TO:<root@host.example.com>',
      'DATA',
      'QUIT',
    ]);
    assert.deepEqual(to.contents, [asSent]);
  });

  it('adds the header fields that are missing, and says who runs it', async (t) => {
    const to = await server(t);
    const result = await sendmail(to, ['-v', '-F', 'Cron Daemon', 'you@example.net'], 'Subject: hi\n\nx\n');
    assert.deepEqual(result, { code: 0, stdout: '1 recipient: 250 2.0.0 Ok: queued as 42\n', stderr: '' });
    const user = `${userInfo().username}@host.example.com`;
    assert.match(to.commands[1] ?? '', new RegExp(`^MAIL FROM:<${user}>`));
    assert.match(
      to.contents[0] ?? '',
      new RegExp(
        `^Subject: hi\r\nFrom: Cron Daemon <${user}>\r\nDate: .* \\+0000\r\nMessage-ID: <.*@host.example.com>\r\n\r\nx\r\n$`,
      ),
    );
  });

  for (const [what, args, input] of [
    ['a line end in a domain', ['a@example.com\nc'], message],
    ['a line end before a domain', ['victim\n@example.com'], message],
    ['a command behind an address', ['a@example.com\r\nRCPT TO:<b@example.com>'], message],
    ['two addresses on two lines', ['a@example.com\nb@example.com'], message],
    ['an escape character', ['a\x1b[0m@example.com'], message],
    ['a line end in the sender', ['-f', 'a@example.com\nb', 'c@example.com'], message],
    ['a NUL in To', ['-t'], `To: a\0@example.com\n${message}`],
    ['a fold in the middle of an address in To', ['-t'], `To: a@example.com\n c\n${message}`],
  ] as const) {
    it(`${what}: 65, and no other address gets the message`, async (t) => {
      const to = await server(t);
      const { code, stdout, stderr } = await sendmail(to, args, input);
      assert.deepEqual({ code, stdout, commands: to.commands }, { code: 65, stdout: '', commands: [] });
      assert.match(stderr, /^SENDMAIL_ADDRESS: .*; nothing was sent\n/);
      assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f]/);
    });
  }

  it('a line end at the end of an argument does not belong to the address', async (t) => {
    const to = await server(t);
    const result = await sendmail(to, ['-f', 'me@example.com\n', 'you@example.net\r\n'], message);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(to.commands.slice(1, 3), [
      `MAIL FROM:<me@example.com> SIZE=${asSent.length}`,
      'RCPT TO:<you@example.net>',
    ]);
  });

  it('-t takes the recipients of the header, and hides Bcc', async (t) => {
    const to = await server(t);
    const text =
      'To: One <one@example.net>,\n two@example.net\nCc: one@example.net\nBcc: three@example.net\n\nx\n';
    const result = await sendmail(to, ['-ti', '-fme@example.com'], text);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(
      to.commands.filter((command) => command.startsWith('RCPT')),
      ['RCPT TO:<one@example.net>', 'RCPT TO:<two@example.net>', 'RCPT TO:<three@example.net>'],
    );
    assert.doesNotMatch(to.contents[0] ?? '', /bcc|three/i);
  });

  it('uses further transactions for recipients that one does not take, and ends with 0 when all are accepted', async (t) => {
    let taken = 0;
    const to = await server(t, (command) => {
      if (command.startsWith('MAIL')) taken = 0;
      return command.startsWith('RCPT') && ++taken > 3 ? '452 4.5.3 Too many recipients' : undefined;
    });
    const addresses = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `${name}@example.net`);
    const result = await sendmail(to, ['-i', ...addresses], message);
    assert.deepEqual(result, { code: 0, stdout: '', stderr: '' });
    assert.deepEqual(to.contents, [asSent, asSent, asSent]);
    // After the first refusals, no more recipients are offered than were accepted before.
    const offered = to.commands.filter((command) => command.startsWith('RCPT')).map((command) => command[9]);
    assert.equal(offered.join(''), 'abcdefghdefgh');
  });

  it('offers no more in one transaction than max_recipients, and each once', async (t) => {
    const to = await server(t);
    const config = configFor(to.path, '[receive]\nmax_recipients = 2\n');
    const addresses = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.net`);
    const result = await sluice(['sendmail', '-C', config, '-i', ...addresses], { input: message });
    assert.deepEqual(result, { code: 0, stdout: '', stderr: '' });
    const commands = to.commands.map((command) => command.slice(0, 9)).join(' ');
    const transaction = (recipients: number): string => `MAIL FROM ${'RCPT TO:< '.repeat(recipients)}DATA`;
    assert.equal(commands, `EHLO host ${[2, 2, 1].map(transaction).join(' ')} QUIT`);
  });

  it('says how many recipients were accepted when a later transaction fails', async (t) => {
    let contents = 0;
    const to = await server(t, (command) =>
      command === '.' && ++contents === 2 ? '451 4.3.0 Not now' : undefined,
    );
    const config = configFor(to.path, '[receive]\nmax_recipients = 2\n');
    const addresses = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.net`);
    const result = await sluice(['sendmail', '-C', config, '-i', ...addresses], { input: message });
    assert.equal(result.code, 75);
    assert.match(result.stderr, /for 3 of 5 recipients, and sent it to the others: 451 4\.3\.0 Not now/u);
    assert.equal(to.contents.length, 2);
  });

  it('ends at a line with a dot, but not with -i or -oi', async (t) => {
    const to = await server(t);
    const text = `${message}.\nafter\n..two\n`;
    await sendmail(to, ['you@example.net'], text);
    await sendmail(to, ['-oi', 'you@example.net'], text);
    assert.deepEqual(to.contents, [asSent, `${asSent}..\r\nafter\r\n...two\r\n`]);
  });

  it('passes the null sender, DSN parameters and 8-bit content on', async (t) => {
    const to = await server(t);
    const args = ['-f', '<>', '-N', 'success,delay', '-R', 'hdrs', '-V', 'job+1', 'you@example.net'];
    const result = await sendmail(to, args, Buffer.from(`${message}\u00e9\n`));
    assert.equal(result.code, 0, result.stderr);
    assert.match(to.commands[1] ?? '', /^MAIL FROM:<> SIZE=\d+ BODY=8BITMIME RET=HDRS ENVID=job\+2B1$/);
    assert.equal(to.commands[2], 'RCPT TO:<you@example.net> NOTIFY=SUCCESS,DELAY');
  });

  it('accepts and ignores flags that other programs pass', async (t) => {
    const to = await server(t);
    const args = [
      '-G',
      '-oem',
      '-odb',
      '-O',
      'Timeout.queuewarn=1h',
      '-B8BITMIME',
      '-h',
      '3',
      '-U',
      '--',
      'you@example.net',
    ];
    const result = await sendmail(to, args, message);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(to.contents.length, 1);
  });

  it('runs when the program is called sendmail', async (t) => {
    const to = await server(t);
    const link = join(folder, 'sendmail');
    symlinkSync(fileURLToPath(new URL('../../bin/sluice.js', import.meta.url)), link);
    const result = await sluice(['you@example.net'], {
      file: link,
      input: message,
      env: { SLUICE_CONFIG: configFor(to.path) },
    });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(to.contents.length, 1);
  });

  it('-bs passes an SMTP session on', async (t) => {
    const to = await server(t);
    const session =
      'EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n';
    const result = await sendmail(to, ['-bs'], session);
    assert.equal(result.code, 0);
    assert.match(
      result.stdout,
      /^220 test ESMTP\r\n250-[^]*250 2\.0\.0 Ok: queued as 42\r\n221 2\.0\.0 Bye\r\n$/,
    );
    assert.deepEqual(to.contents, ['x\r\n']);
  });

  it('-bs takes lines that end with LF, as a here-document has them', async (t) => {
    const to = await server(t);
    const session = 'EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nx\n.\nQUIT\n';
    const result = await sendmail(to, ['-bs'], session);
    assert.equal(result.code, 0);
    assert.deepEqual(to.contents, ['x\r\n']);
    assert.equal(to.commands.at(-1), 'QUIT');
  });

  it('-bs does not end with 0 when the message was refused or cut', async (t) => {
    const to = await server(t, (command) => (command === '.' ? '452 4.3.1 full' : undefined));
    const session = 'EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nx\n';
    assert.equal((await sendmail(to, ['-bs'], `${session}.\nQUIT\n`)).code, 75);
    assert.equal((await sendmail(to, ['-bs'], session)).code, 75);
  });
});

describe('line ends of a message', { concurrency: true }, () => {
  it('CR CR LF, which a layer makes of CR LF, is one line end: Bcc is read and not shown', async (t) => {
    const to = await server(t);
    const text = `${message.replace('Subject', 'To: to@x.example\nBcc: secret@x.example\nSubject')}`;
    const result = await sendmail(to, ['-t', '-i'], text.replaceAll('\n', '\r\r\n'));
    assert.deepEqual(result, { code: 0, stdout: '', stderr: '' });
    assert.deepEqual(
      to.commands.filter((command) => command.startsWith('RCPT')),
      ['RCPT TO:<to@x.example>', 'RCPT TO:<secret@x.example>'],
    );
    assert.deepEqual(to.contents, [asSent.replace('Subject', 'To: to@x.example\r\nSubject')]);
  });

  it('a CR in a header field is no line end: nothing is sent', async (t) => {
    const to = await server(t);
    const result = await sendmail(to, ['-t'], 'To: a@x.example\nSubject: x\rBcc: victim@x.example\n\nbody\n');
    assert.equal(result.code, 65);
    assert.match(result.stderr, /^SENDMAIL_LINE_END: the header field subject has a carriage return/);
    assert.deepEqual(to.contents, []);
  });
});

describe('sendmail fails with', { concurrency: true }, () => {
  const cases: readonly (readonly [
    name: string,
    code: number,
    error: RegExp,
    args: string[],
    answer?: (command: string) => string | undefined,
  ])[] = [
    ['EX_USAGE without a recipient', 64, /^SENDMAIL_NO_RECIPIENT: no recipient was named\n/, []],
    ['EX_USAGE for a sender that is none', 64, /^SENDMAIL_SENDER: -f a b: /, ['-f', 'a b', 'a@b.example']],
    [
      'EX_DATAERR for a recipient that is none',
      65,
      /^SENDMAIL_ADDRESS: not a mail address: a b@c; nothing was sent\n/,
      ['a b@c', 'a@b.example'],
    ],
    [
      'EX_NOUSER for one of two, and sends to the other',
      67,
      /did not take the message for 1 of 2 recipients, and sent it to the others: 550 5\.1\.1 no such user \(in reply to RCPT\)/,
      ['a@b.example', 'b@b.example'],
      (command) => (command === 'RCPT TO:<b@b.example>' ? '550 5.1.1 no such user' : undefined),
    ],
    [
      'EX_TEMPFAIL when the disk is full',
      75,
      /^SENDMAIL_TRY_AGAIN: Sluice did not take the message: 452 4\.3\.1 full \(in reply to DATA\)\n {2}Try again later\.\n$/,
      ['a@b.example'],
      (command) => (command === 'DATA' ? '452 4.3.1 full' : undefined),
    ],
    [
      'EX_TEMPFAIL when there are too many connections',
      75,
      /^SENDMAIL_NOT_RUNNING: .*421 4\.3\.2 too many; nothing was sent\n/,
      ['a@b.example'],
      (command) => (command === 'connect' ? '421 4.3.2 too many' : undefined),
    ],
  ];
  for (const [name, code, error, args, answer] of cases) {
    it(name, async (t) => {
      const to = await server(t, answer);
      const result = await sendmail(to, args, message);
      assert.match(result.stderr, error);
      assert.equal(result.code, code);
      assert.equal(result.stdout, '');
    });
  }

  it('EX_TEMPFAIL when Sluice is not running', async (t) => {
    const gone = await server(t);
    gone.close();
    const result = await sendmail(gone, ['a@b.example'], message);
    assert.equal(result.code, 75);
    assert.equal(
      result.stderr,
      `SENDMAIL_NOT_RUNNING: cannot hand the message to Sluice at ${gone.path}: nothing listens there; nothing was sent\n` +
        '  Start it with: sluice serve; then try again.\n',
    );
    const session = await sendmail(gone, ['-bs'], 'QUIT\r\n');
    assert.deepEqual(session, {
      code: 75,
      stdout: '421 4.3.2 Sluice is not running, try again later\r\n',
      stderr: '',
    });
  });

  it('EX_DATAERR for a message over the limit, without reading on', async (t) => {
    const to = await server(t);
    const file = join(folder, 'small.toml');
    writeFileSync(file, `submission_socket = "${to.path}"\n[receive]\nmax_message_size = "1KiB"\n`);
    const result = await sendmail(to, ['--config', file, 'a@b.example'], 'x'.repeat(200_000));
    assert.equal(result.code, 65);
    assert.match(
      result.stderr,
      /^SENDMAIL_TOO_LARGE: the message is larger than 1024 bytes; nothing was sent\n/,
    );
    assert.deepEqual(to.commands, []);
  });

  it('EX_TEMPFAIL for a configuration that does not say where Sluice is: the caller keeps the message', async () => {
    const file = join(folder, 'bad.toml');
    for (const text of [
      'submission_socket = /run/x\n',
      'hostname = 5\n[log]\n',
      'spool = "a"\nspool = "b"\n',
    ]) {
      writeFileSync(file, text);
      const result = await sluice(['sendmail', '-C', file, 'a@b.example'], { input: message });
      assert.equal(result.code, 75);
      assert.match(result.stderr, /^CONFIG_INVALID: .*bad\.toml:[12]:/);
    }
    const { code, stderr } = await sluice(['sendmail', '-C', '/no/such.toml', 'a@b.example']);
    assert.equal(code, 75);
    assert.match(stderr, /^CONFIG_UNREADABLE: /);
  });

  it('hands mail in where the configuration has a mistake elsewhere', async (t) => {
    const to = await server(t);
    for (const more of [
      'x y\n',
      'lifetime = "1d"\n',
      '[queue]\nlifetme = "1d"\n',
      '[log\nfile = "x"\n',
      '# \xe4\n',
    ]) {
      const file = configFor(to.path);
      writeFileSync(
        file,
        Buffer.from(
          `hostname = 'host.example.com' # us\r\nsubmission_socket = "${to.path}"\n${more}`,
          'latin1',
        ),
      );
      const quiet = await sluice(['sendmail', '-C', file, 'a@b.example'], { input: message });
      assert.deepEqual(quiet, { code: 0, stdout: '', stderr: '' });
      const { code, stderr } = await sluice(['sendmail', '-v', '-C', file, 'a@b.example'], {
        input: message,
      });
      assert.equal(code, 0);
      assert.match(stderr, /^warning: the configuration file has a mistake; .*\n {2}.*\.toml:[34]:/);
    }
    assert.equal(to.contents.length, 10);
    assert.equal(to.commands[0], 'EHLO host.example.com');
  });
});
