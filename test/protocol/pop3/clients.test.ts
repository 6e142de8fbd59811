// What mail programs send, command by command, and what they go by in the answers: Thunderbird, Outlook, and old ones that say everything at once.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, type DriveParts } from './drive.ts';

/** The answers to commands that are sent one after the other, each when the one before is answered. */
function conversation(lines: readonly string[], parts: DriveParts = {}): readonly string[] {
  const outputs = lines.map(
    (_, index) =>
      drive(
        lines.slice(0, index + 1).map((line) => `${line}\r\n`),
        parts,
      ).output,
  );
  return outputs.map((output, index) =>
    output.slice((outputs[index - 1] ?? '+OK mx.example ready\r\n').length),
  );
}

suite('the commands of a mail program', () => {
  test('Thunderbird: what the server can, AUTH PLAIN in two steps, UIDL, TOP, RETR, DELE', () => {
    const answers = conversation([
      'CAPA',
      'STLS',
      'CAPA',
      'AUTH PLAIN',
      'AGpvZQBh',
      'STAT',
      'LIST',
      'UIDL',
      'TOP 1 20',
      'RETR 2',
      'DELE 2',
      'QUIT',
    ]);
    assert.match(answers[0] ?? '', /\r\nSTLS\r\n/u);
    for (const capability of ['UIDL', 'TOP', 'SASL PLAIN EXTERNAL'])
      assert.ok(answers[2]?.includes(`\r\n${capability}\r\n`));
    assert.deepEqual(answers.slice(3), [
      '+ Z28=\r\n',
      '+OK 3 messages\r\n',
      '+OK 3 76\r\n',
      '+OK 3 messages (76 octets)\r\n1 22\r\n2 28\r\n3 26\r\n.\r\n',
      '+OK 3 messages\r\n1 uid1\r\n2 uid2\r\n3 uid3\r\n.\r\n',
      '+OK The message follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n',
      '+OK 28 octets\r\nSubject: two\r\n\r\nbody\r\nmore\r\n.\r\n',
      '+OK Message 2 is marked as deleted\r\n',
      '+OK Bye\r\n',
    ]);
  });

  test('Outlook: AUTH alone, USER with the whole address, UIDL before LIST', () => {
    const options = { logins: { clear: ['PLAIN', 'LOGIN'], secure: [] } };
    const answers = conversation(
      ['CAPA', 'AUTH', 'USER joe', 'PASS a b', 'STAT', 'UIDL', 'LIST', 'RETR 3', 'QUIT'],
      { options },
    );
    assert.match(answers[0] ?? '', /\r\nUSER\r\nSASL PLAIN LOGIN\r\n/u);
    assert.equal(answers[1], '+OK Mechanisms follow\r\nPLAIN\r\nLOGIN\r\n.\r\n');
    assert.deepEqual(
      answers.slice(2).map((answer) => answer.slice(0, 3)),
      ['+OK', '+OK', '+OK', '+OK', '+OK', '+OK', '+OK'],
    );
  });

  /** What each program sends, and the beginning of each answer. */
  const programs: Readonly<Record<string, readonly (readonly [command: string, answer: RegExp])[]>> = {
    'Thunderbird with OAuth 2.0': [
      ['CAPA', /\r\nSTLS\r\n/u],
      ['STLS', /^\+OK/u],
      ['CAPA', /\r\nSASL PLAIN XOAUTH2 SCRAM-SHA-256\r\n/u],
      ['AUTH XOAUTH2', /^\+ /u],
      ['dXNlcj1qb2UBYXV0aD1CZWFyZXIgdAEB', /^\+OK/u],
      ['STAT', /^\+OK 3 \d+\r\n$/u],
      ['LIST', /^\+OK [^]*\r\n\.\r\n$/u],
      ['UIDL', /^\+OK [^]*\r\n\.\r\n$/u],
      ['RETR 1', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
    'Outlook with OAuth 2.0': [
      ['CAPA', /\r\nSTLS\r\n/u],
      ['STLS', /^\+OK/u],
      ['AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgdAEB', /^\+OK/u],
      ['CAPA', /\r\nUIDL\r\n/u],
      ['STAT', /^\+OK 3 /u],
      ['UIDL', /^\+OK/u],
      ['LIST', /^\+OK/u],
      ['RETR 1', /^\+OK/u],
      ['DELE 1', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
    'Outlook with Secure Password Authentication, which is no mechanism here': [
      ['CAPA', /^\+OK/u],
      ['STLS', /^\+OK/u],
      ['AUTH NTLM', /^-ERR/u],
      ['USER joe', /^\+OK/u],
      ['PASS a b', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
    'mpop with SCRAM': [
      ['CAPA', /^\+OK/u],
      ['STLS', /^\+OK/u],
      ['CAPA', / SCRAM-SHA-256\r\n/u],
      ['AUTH SCRAM-SHA-256 biwsbj1qb2Uscj1hYmM=', /^\+OK/u],
      ['STAT', /^\+OK/u],
      ['UIDL', /^\+OK/u],
      ['LIST', /^\+OK/u],
      ['RETR 2', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
    'an Android program, with AUTH PLAIN in one step': [
      ['CAPA', /^\+OK/u],
      ['STLS', /^\+OK/u],
      ['CAPA', /^\+OK/u],
      ['AUTH PLAIN AGpvZQBh', /^\+OK/u],
      ['STAT', /^\+OK 3 /u],
      ['UIDL 3', /^\+OK 3 uid3\r\n$/u],
      ['UIDL 4', /^-ERR/u],
      ['TOP 3 76', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
    'Java, which asks message by message': [
      ['CAPA', /\r\nTOP\r\n/u],
      ['STLS', /^\+OK/u],
      ['USER joe', /^\+OK/u],
      ['PASS a b', /^\+OK/u],
      ['STAT', /^\+OK 3 /u],
      ['NOOP', /^\+OK/u],
      ['TOP 1 0', /^\+OK [^]*Subject: one\r\n\r\n\.\r\n$/u],
      ['LIST 1', /^\+OK 1 22\r\n$/u],
      ['UIDL 1', /^\+OK 1 uid1\r\n$/u],
      ['RSET', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
    'a program of the time before CAPA': [
      ['STLS', /^\+OK/u],
      ['USER joe', /^\+OK/u],
      ['PASS a b', /^\+OK/u],
      ['LAST', /^\+OK 0\r\n$/u],
      ['LIST', /^\+OK/u],
      ['RETR 1', /^\+OK/u],
      ['LAST', /^\+OK 1\r\n$/u],
      ['XTND XLST Subject', /^-ERR/u],
      ['DELE 1', /^\+OK/u],
      ['QUIT', /^\+OK/u],
    ],
  };
  for (const [name, steps] of Object.entries(programs))
    test(name, () => {
      const options = { logins: { clear: [], secure: ['PLAIN', 'XOAUTH2', 'SCRAM-SHA-256'] } };
      const answers = conversation(
        steps.map(([command]) => command),
        { options },
      );
      for (const [index, [command, answer]] of steps.entries())
        assert.match(answers[index] ?? '', answer, command);
    });

  test('all at once, as PIPELINING allows', () => {
    const lines = ['USER joe', 'PASS a b', 'STAT', 'UIDL 1', 'RETR 1', 'DELE 1', 'QUIT'];
    const whole = drive([`${lines.join('\r\n')}\r\n`]).output;
    assert.equal(whole, `+OK mx.example ready\r\n${conversation(lines).join('')}`);
  });
});
