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

  test('all at once, as PIPELINING allows', () => {
    const lines = ['USER joe', 'PASS a b', 'STAT', 'UIDL 1', 'RETR 1', 'DELE 1', 'QUIT'];
    const whole = drive([`${lines.join('\r\n')}\r\n`]).output;
    assert.equal(whole, `+OK mx.example ready\r\n${conversation(lines).join('')}`);
  });
});
