// Sessions of POP3 as a client sees them: what it sends, and what it gets.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drive, type DriveParts } from './drive.ts';

const greeting = '+OK mx.example ready\r\n';
const login = 'USER joe\r\nPASS a b\r\n';
const loggedIn = `${greeting}+OK Send the password\r\n+OK 3 messages\r\n`;

/** What follows the greeting and the log-in. */
function after(text: string, parts: DriveParts = {}): string {
  const { output } = drive([`${login}${text}`], parts);
  assert.ok(output.startsWith(loggedIn), output);
  return output.slice(loggedIn.length);
}

function before(text: string, parts: DriveParts = {}): string {
  return drive([text], parts).output.slice(greeting.length);
}

suite('before the log-in', () => {
  const cases: Readonly<Record<string, readonly [sent: string, got: string, parts?: DriveParts]>> = {
    'a wrong password': [
      'USER joe\r\nPASS no\r\nPASS a b\r\n',
      '+OK Send the password\r\n-ERR [AUTH] Wrong\r\n-ERR Say USER first\r\n',
    ],
    'a user who does not exist': [
      'USER nobody\r\nPASS x\r\n',
      '+OK Send the password\r\n-ERR [AUTH] Wrong\r\n',
    ],
    'no name': ['USER\r\nUSER  \r\n', '-ERR USER needs a name\r\n-ERR USER needs a name\r\n'],
    'no password': ['USER joe\r\nPASS\r\n', '+OK Send the password\r\n-ERR [AUTH] PASS needs a password\r\n'],
    'commands of later': [
      'STAT\r\nNOOP\r\n',
      '-ERR Unknown command, or one that comes after the log-in\r\n'.repeat(2),
    ],
    'a line end without CR, and small letters': [
      'user joe\npass a b\n',
      '+OK Send the password\r\n+OK 3 messages\r\n',
    ],
    'who leaves': ['QUIT\r\nUSER joe\r\n', '+OK Bye\r\n'],
    'passwords that are not taken': [
      'USER joe\r\n',
      '-ERR Log-ins here need TLS: say STLS first\r\n',
      { options: { logins: { clear: [], secure: ['PLAIN'] } } },
    ],
    'mechanisms without passwords': [
      'USER joe\r\n',
      '-ERR Passwords are not taken here: use AUTH\r\n',
      { options: { logins: { clear: [], secure: ['SCRAM-SHA-256'] } } },
    ],
    'the mechanisms, as Outlook asks': ['AUTH\r\n', '+OK Mechanisms follow\r\nPLAIN\r\n.\r\n'],
    'AUTH with a response': ['AUTH PLAIN AGpvZQBh\r\n', '+OK 3 messages\r\n'],
    'AUTH with an empty response': ['AUTH PLAIN =\r\n', '+OK 3 messages\r\n'],
    'AUTH in two steps': ['AUTH  plain\r\nAGpvZQBh\r\n', '+ Z28=\r\n+OK 3 messages\r\n'],
    'AUTH that is cancelled': ['AUTH PLAIN\r\n*\r\n', '+ Z28=\r\n-ERR The log-in was cancelled\r\n'],
    'a response that is no base64': ['AUTH PLAIN\r\nno!\r\n', '+ Z28=\r\n-ERR The response is no base64\r\n'],
    'a first response that is no base64': ['AUTH PLAIN A\r\n', '-ERR The response is no base64\r\n'],
    'a mechanism that is not offered': ['AUTH CRAM-MD5\r\n', '-ERR This mechanism is not offered\r\n'],
    'a mechanism that needs TLS': ['AUTH EXTERNAL =\r\n', '-ERR Log-ins here need TLS: say STLS first\r\n'],
    'UTF8, and behind it no STLS': ['UTF8\r\nSTLS\r\n', '+OK UTF-8 it is\r\n-ERR STLS is not possible\r\n'],
    'UTF8 that comes too late': [
      'USER joe\r\nUTF8\r\n',
      '+OK Send the password\r\n-ERR UTF8 comes before USER\r\n',
    ],
    'a name that is no UTF-8': ['USER \u0000\r\n', '+OK Send the password\r\n'],
    'a line that is too long': [
      `USER ${'x'.repeat(12_300)}\r\nQUIT\r\n`,
      '-ERR The line is too long\r\n+OK Bye\r\n',
    ],
    'who is sent away': [
      'USER banned\r\nPASS x\r\nUSER joe\r\n',
      '+OK Send the password\r\n-ERR [SYS/TEMP] Too often\r\n',
    ],
    'too many errors': [
      'X\r\nX\r\nUSER joe\r\n',
      '-ERR Unknown command, or one that comes after the log-in\r\n'.repeat(2) + '-ERR Too many errors\r\n',
      { options: { maxErrors: 2 } },
    ],
  };
  for (const [name, [sent, got, parts]] of Object.entries(cases))
    test(name, () => assert.equal(before(sent, parts), got));

  test('bytes that are no UTF-8 are no name', () => {
    const { output } = drive([Buffer.from('USER \xff\r\n', 'latin1')]);
    assert.equal(output, `${greeting}-ERR The name is no UTF-8\r\n`);
  });

  test('the password keeps its spaces', () => {
    const { events } = drive(['USER joe \r\nPASS   x \r\n']);
    assert.deepEqual(events, ['{"kind":"password","login":"joe","password":"  x "}']);
  });
});

suite('STLS', () => {
  test('changes what is offered', () => {
    const clear = before('CAPA\r\n');
    assert.match(clear, /\r\nUSER\r\nSASL PLAIN\r\nSTLS\r\n/u);
    const { output } = drive(['STLS\r\n', 'CAPA\r\nSTLS\r\nAUTH EXTERNAL =\r\nCAPA\r\n']);
    assert.match(
      output,
      /\+OK Begin TLS now\r\n\+OK Capabilities follow\r\n.*SASL PLAIN EXTERNAL\r\nIMPLEMENTATION/su,
    );
    assert.match(output, /-ERR The connection is under TLS already\r\n\+OK 3 messages\r\n/u);
    assert.ok(!output.includes('\r\nSTLS\r\n'));
  });

  test('forgets what was said in clear', () => {
    const { output } = drive(['UTF8\r\nUSER joe\r\n']);
    assert.ok(output.endsWith('+OK Send the password\r\n'));
    const { output: after } = drive(['USER joe\r\nSTLS\r\n', 'PASS a b\r\n']);
    assert.ok(after.endsWith('+OK Begin TLS now\r\n-ERR Say USER first\r\n'), after);
  });

  test('with something behind it in clear ends the session', () => {
    const { output, events } = drive(['STLS\r\nUSER joe\r\n', 'PASS a b\r\n']);
    assert.equal(output, `${greeting}-ERR Nothing may follow STLS in clear\r\n`);
    assert.deepEqual(events, ['{"kind":"close","isQuit":false}']);
  });
});

suite('CAPA', () => {
  test('says the same before and after the log-in, but for STLS', () => {
    const first = before('CAPA\r\n', { options: { loginDelaySeconds: 60 } });
    assert.equal(
      first,
      '+OK Capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\nUTF8 USER\r\nLOGIN-DELAY 60\r\nUSER\r\nSASL PLAIN\r\nSTLS\r\nIMPLEMENTATION Test\r\n.\r\n',
    );
    assert.equal(after('CAPA\r\n', { options: { loginDelaySeconds: 60 } }), first.replace('STLS\r\n', ''));
  });
});

suite('after the log-in', () => {
  const cases: Readonly<Record<string, readonly [sent: string, got: string, parts?: DriveParts]>> = {
    STAT: ['STAT\r\n', '+OK 3 76\r\n'],
    'LIST of all': ['LIST\r\n', '+OK 3 messages (76 octets)\r\n1 22\r\n2 28\r\n3 26\r\n.\r\n'],
    'LIST of one': [
      'LIST 2\r\nLIST 4\r\nLIST 0\r\nLIST x\r\nLIST 1 2\r\n',
      '+OK 2 28\r\n-ERR No such message, only 3 in the mailbox\r\n' +
        '-ERR LIST takes the number of a message\r\n'.repeat(3),
    ],
    UIDL: ['UIDL\r\nUIDL 2\r\n', '+OK 3 messages\r\n1 uid1\r\n2 uid2\r\n3 uid3\r\n.\r\n+OK 2 uid2\r\n'],
    'RETR with a dot at the beginning of a line': [
      'RETR 1\r\n',
      '+OK 22 octets\r\nSubject: one\r\n\r\n..dot\r\n.\r\n',
    ],
    'RETR of a message without a last line end': [
      'RETR 3\r\n',
      '+OK 26 octets\r\nSubject: three\r\n\r\nno end\r\n.\r\n',
    ],
    'RETR of what is gone': ['RETR 1\r\nLAST\r\n', '-ERR It is gone\r\n+OK 0\r\n', { gone: [1] }],
    'TOP of no lines': ['TOP 2 0\r\n', '+OK The message follows\r\nSubject: two\r\n\r\n.\r\n'],
    'TOP of one line': ['TOP 2 1\r\n', '+OK The message follows\r\nSubject: two\r\n\r\nbody\r\n.\r\n'],
    'TOP without a number of lines': [
      'TOP 2\r\n',
      '-ERR TOP takes the number of a message and one of lines\r\n',
    ],
    'DELE, and what is not there any more': [
      'DELE 1\r\nDELE 1\r\nRETR 1\r\nTOP 1 0\r\nUIDL 1\r\nLIST\r\nSTAT\r\nRSET\r\nSTAT\r\n',
      '+OK Message 1 is marked as deleted\r\n' +
        '-ERR Message 1 is marked as deleted\r\n'.repeat(4) +
        '+OK 2 messages (54 octets)\r\n2 28\r\n3 26\r\n.\r\n+OK 2 54\r\n+OK Nothing is marked as deleted\r\n+OK 3 76\r\n',
    ],
    LAST: [
      'LAST\r\nRETR 2\r\nRETR 1\r\nLAST\r\nRSET\r\nLAST\r\n',
      '+OK 0\r\n+OK 28 octets\r\nSubject: two\r\n\r\nbody\r\nmore\r\n.\r\n+OK 22 octets\r\nSubject: one\r\n\r\n..dot\r\n.\r\n+OK 2\r\n+OK Nothing is marked as deleted\r\n+OK 0\r\n',
    ],
    'commands of before': [
      'USER joe\r\nSTLS\r\nUTF8\r\nNOOP\r\nXTND\r\n',
      '-ERR This comes before the log-in\r\n'.repeat(3) + '+OK Still here\r\n-ERR Unknown command\r\n',
    ],
    'a QUIT that could not remove': [
      'DELE 1\r\nQUIT\r\n',
      '+OK Message 1 is marked as deleted\r\n-ERR [SYS/TEMP] one is left\r\n',
      { problem: 'one is left' },
    ],
  };
  for (const [name, [sent, got, parts]] of Object.entries(cases))
    // What is measured once is known from then on.
    test(name, () =>
      assert.equal(after(`LIST\r\n${sent}`, parts).slice(after('LIST\r\n', parts).length), got),
    );

  test('lists of nothing', () => {
    const { output } = drive([`${login}STAT\r\nLIST\r\nUIDL\r\n`], { messages: [] });
    assert.ok(
      output.endsWith(
        '+OK 0 messages\r\n+OK 0 0\r\n+OK 0 messages (0 octets)\r\n.\r\n+OK 0 messages\r\n.\r\n',
      ),
    );
  });

  test('sizes are asked for when they are needed, and once', () => {
    const { events } = drive([`${login}UIDL\r\nLIST 1\r\nSTAT\r\nLIST\r\n`]);
    assert.deepEqual(events.slice(1), ['{"kind":"measure"}']);
  });

  test('QUIT says what is to be removed, and what was read', () => {
    const { events, output } = drive([`${login}RETR 1\r\nRETR 3\r\nDELE 3\r\nDELE 2\r\nQUIT\r\nNOOP\r\n`]);
    assert.deepEqual(events.slice(-2), [
      '{"kind":"update","deleted":[2,3],"retrieved":[1]}',
      '{"kind":"close","isQuit":true}',
    ]);
    assert.ok(output.endsWith('+OK Bye\r\n'));
  });
});
