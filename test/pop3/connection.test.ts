// POP3 connections over sockets: log-ins as the directory answers them, limits, and what becomes of a mailbox when its client goes away.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import type { Directory, LoginAnswer, PasswordLogin } from '../../src/directory/types.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { Events } from '../../src/log/events.ts';
import { LoginDelays } from '../../src/pop3/login-delays.ts';
import { MailboxTroubles } from '../../src/pop3/mailbox-troubles.ts';
import { Mailboxes } from '../../src/pop3/mailboxes.ts';
import type { Pop3Context } from '../../src/pop3/pop3-context.ts';
import { Pop3Limits } from '../../src/pop3/pop3-limits.ts';
import { Pop3Listener } from '../../src/pop3/pop3-listener.ts';
import { Pop3Log } from '../../src/pop3/pop3-log.ts';
import { bindHere } from '../../src/receive/bind.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { NetworkSet } from '../../src/values/network-set.ts';
import { usualOptions } from '../protocol/pop3/drive.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const joe = { address: 'joe@box.test', aliases: [], senders: [] };

interface Made {
  readonly port: number;
  readonly folder: string;
  readonly mailboxes: Mailboxes;
  /** What the directory was asked. */
  readonly asked: PasswordLogin[];
  /** How often it was told of a failure. */
  readonly failures: () => number;
  readonly events: Record<string, unknown>[];
  readonly troubles: Troubles;
}

interface MadeOf {
  readonly answer?: (login: PasswordLogin) => LoginAnswer;
  readonly delayMs?: number;
  readonly maxPerClient?: number;
  readonly where?: (folder: string) => string;
}

async function make(
  t: TestContext,
  { answer, delayMs = 0, maxPerClient = 10, where }: MadeOf = {},
): Promise<Made> {
  const folder = join(temporaryFolder(t, 'pop3').path, 'Maildir');
  for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'new/1.a'), 'Subject: one\n\nbody\n');
  writeFileSync(join(folder, 'new/2.b'), 'Subject: two\n\nbody\n');
  const asked: PasswordLogin[] = [];
  let failed = 0;
  const right = ({ password }: PasswordLogin): LoginAnswer =>
    password === 'secret' ? { kind: 'right', user: joe } : { kind: 'wrong', reason: 'the password' };
  const directory = {
    checkPassword: (login: PasswordLogin) => {
      asked.push(login);
      return Promise.resolve((answer ?? right)(login));
    },
    noteFailure: () => {
      failed++;
      return Promise.resolve({ kind: 'noted' });
    },
  } as unknown as Directory;
  const events: Record<string, unknown>[] = [];
  const troubles = new Troubles();
  const deadlines = new Deadlines();
  const mailboxes = new Mailboxes();
  const context: Pop3Context = {
    settings: {
      session: {
        ...usualOptions,
        logins: { clear: ['PLAIN', 'LOGIN'], secure: [] },
        offersTls: false,
        maxErrors: 20,
      },
      loginTimeoutMs: 60_000,
      idleTimeoutMs: 600_000,
      marksSeen: true,
    },
    deadlines,
    log: new Pop3Log(
      new Events([
        {
          needsFields: true,
          happened: (event, fields) => events.push({ event, ...fields }),
          counted: () => undefined,
        },
      ]),
    ),
    tls: undefined,
    directory,
    hints: noHints,
    folderOf: () => ({ kind: 'place', path: where?.(folder) ?? folder }),
    mailboxes,
    loginDelays: new LoginDelays(delayMs),
    troubles: new MailboxTroubles({ warn: () => undefined }, troubles),
  };
  const limits = new Pop3Limits({
    maxConnections: 100,
    maxConnectionsPerClient: maxPerClient,
    connectionRatePerClient: { count: 0, perMs: 1000 },
  });
  const listener = new Pop3Listener(
    {
      facts: { kind: 'pop3', name: 'test' },
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      context,
      balancers: new NetworkSet([]),
      exempt: new NetworkSet([]),
      maxConnections: 100,
    },
    limits,
    { bind: bindHere, troubles },
  );
  const address = await listener.listen();
  t.after(async () => {
    await new Promise<void>((resolve) => {
      listener.drain('Sluice is stopping', resolve);
    });
    deadlines.stop();
    await mailboxes.closed();
  });
  assert.ok(address.kind === 'tcp');
  return { port: address.port, folder, mailboxes, asked, failures: () => failed, events, troubles };
}

class Client {
  readonly socket: Socket;
  #text = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (data: Buffer) => (this.#text += data.toString('latin1')));
  }

  /** Waits until something has come, and takes what came up to it. */
  async until(end: string): Promise<string> {
    while (!this.#text.includes(end)) await once(this.socket, 'data');
    const at = this.#text.indexOf(end) + end.length;
    const taken = this.#text.slice(0, at);
    this.#text = this.#text.slice(at);
    return taken;
  }

  /** One line of an answer. */
  async say(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`);
    return this.until('\r\n');
  }

  /** All that comes until the server closes. */
  async rest(): Promise<string> {
    if (!this.socket.readableEnded) await once(this.socket, 'end');
    return this.#text;
  }
}

async function loggedIn(port: number): Promise<Client> {
  const client = new Client(port);
  await client.until('\r\n');
  await client.say('USER joe@box.test');
  assert.match(await client.say('PASS secret'), /^\+OK/u);
  return client;
}

suite('log-ins by POP3', () => {
  test('ask the directory what it is to be asked, by PASS and by AUTH', async (t) => {
    const { port, asked } = await make(t);
    const question = { login: 'joe', password: 'secret', client: '127.0.0.1', isEncrypted: false };
    const ways = [
      ['USER joe', 'PASS secret'],
      [`AUTH PLAIN ${Buffer.from('\0joe\0secret').toString('base64')}`],
      ['AUTH LOGIN', Buffer.from('joe').toString('base64'), Buffer.from('secret').toString('base64')],
    ];
    for (const [index, lines] of ways.entries()) {
      const client = new Client(port);
      await client.until('\r\n');
      let last = '';
      for (const line of lines) last = await client.say(line);
      assert.equal(last, '+OK 2 messages\r\n');
      assert.deepEqual(asked[index], question);
      await client.say('QUIT');
      await client.rest();
    }
  });

  test('end the session after three wrong passwords', async (t) => {
    const { port, events } = await make(t);
    const client = new Client(port);
    await client.until('\r\n');
    for (let time = 0; time < 3; time++) {
      await client.say('USER joe');
      assert.equal(await client.say('PASS wrong'), '-ERR [AUTH] Wrong user or password\r\n');
    }
    assert.equal(await client.rest(), '');
    assert.deepEqual(
      events.map(({ event, mechanism, protocol }) => [event, mechanism, protocol]),
      Array.from({ length: 3 }, () => ['authenticationFailed', 'PASS', 'pop3']),
    );
  });

  test('are no fault of the client when the directory cannot tell', async (t) => {
    const { port } = await make(t, { answer: () => ({ kind: 'failing', reason: 'it is away' }) });
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^-ERR \[SYS\/TEMP\]/u);
  });

  test('are refused to who is banned', async (t) => {
    const ban = { kind: 'client', target: '127.0.0.1', remainingMs: 1000 } as const;
    const { port } = await make(t, { answer: () => ({ kind: 'banned', ban }) });
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(
      await client.say('PASS secret'),
      /^-ERR \[SYS\/TEMP\] Too many failed log-ins from your address/u,
    );
    await client.rest();
  });

  test('that break the mechanism are counted', async (t) => {
    const { port, failures } = await make(t);
    const client = new Client(port);
    await client.until('\r\n');
    assert.match(await client.say('AUTH PLAIN AAAA'), /^-ERR /u);
    assert.match(await client.say('AUTH PLAIN'), /^\+ /u);
    assert.match(await client.say('*'), /^-ERR /u);
    assert.match(await client.say('CAPA'), /^\+OK/u);
    assert.equal(failures(), 2);
  });

  test('come too early within login_delay', async (t) => {
    const { port } = await make(t, { delayMs: 3_600_000 });
    await (await loggedIn(port)).say('QUIT');
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^-ERR \[LOGIN-DELAY\]/u);
  });
});

suite('a mailbox by POP3', () => {
  test('is in use while another session has it, and free when that one breaks off without removing anything', async (t) => {
    const { port, folder, mailboxes, events } = await make(t);
    const first = await loggedIn(port);
    assert.match(await first.say('DELE 1'), /^\+OK/u);
    const second = new Client(port);
    await second.until('\r\n');
    await second.say('USER joe');
    assert.match(await second.say('PASS secret'), /^-ERR \[IN-USE\]/u);
    first.socket.destroy();
    // A client that asks again gets it.
    let answer = '';
    for (let time = 0; time < 1000 && !answer.startsWith('+OK 2'); time++) {
      await second.say('USER joe');
      answer = await second.say('PASS secret');
    }
    assert.equal(answer, '+OK 2 messages\r\n');
    assert.equal(readdirSync(join(folder, 'new')).length, 2);
    await second.say('QUIT');
    await second.rest();
    await mailboxes.closed();
    const ended = events.find(({ event }) => event === 'pop3Session');
    assert.equal(ended?.['deleted'], 0);
    assert.ok(typeof ended?.['reason'] === 'string');
  });

  test('that cannot be read is a trouble, until it can', async (t) => {
    const places = ['/proc', ''];
    const { port, troubles } = await make(t, { where: (folder) => places.shift() || folder });
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^-ERR \[SYS\/TEMP\]/u);
    assert.deepEqual(
      troubles.list.map(({ key }) => key),
      ['mailbox'],
    );
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^\+OK/u);
    assert.deepEqual(troubles.list, []);
  });

  test('sends a large message no faster than its client reads, and to the last byte', async (t) => {
    const { port, folder } = await make(t);
    const lines = 100_000;
    writeFileSync(join(folder, 'new/3.c'), 'Subject: large\n\n' + '.a line of the message\n'.repeat(lines));
    const client = await loggedIn(port);
    client.socket.pause();
    client.socket.write('RETR 3\r\nSTAT\r\n');
    client.socket.resume();
    const text = await client.until('\r\n.\r\n');
    assert.equal(text.split('\r\n..a line of the message').length - 1, lines);
    assert.equal(await client.until('\r\n'), `+OK 3 ${2 * 22 + 18 + lines * 24}\r\n`);
  });

  test('removes at QUIT what was deleted', async (t) => {
    const { port, folder, mailboxes } = await make(t);
    const client = await loggedIn(port);
    client.socket.write('DELE 2\r\nRETR 1\r\nQUIT\r\n');
    assert.ok((await client.rest()).endsWith('+OK Bye\r\n'));
    await mailboxes.closed();
    assert.deepEqual([readdirSync(join(folder, 'new')), readdirSync(join(folder, 'cur'))], [[], ['1.a:2,S']]);
    assert.ok(!existsSync(join(folder, 'sluice-pop3.lock')));
  });
});

test('a client with too many connections is told so', async (t) => {
  const { port } = await make(t, { maxPerClient: 1 });
  const first = new Client(port);
  await first.until('\r\n');
  const second = new Client(port);
  assert.equal(
    await second.rest(),
    '-ERR [SYS/TEMP] Too many connections from your address, try again later\r\n',
  );
});
