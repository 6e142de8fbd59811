// A POP3 listener in this process with one mailbox, and a client, for tests.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
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

export interface Made {
  readonly port: number;
  readonly folder: string;
  readonly mailboxes: Mailboxes;
  readonly context: Pop3Context;
  /** What the directory was asked. */
  readonly asked: PasswordLogin[];
  /** How often it was told of a failure. */
  readonly failures: () => number;
  readonly events: Record<string, unknown>[];
  readonly troubles: Troubles;
  /** The users who have removed mail, and how much. */
  readonly removed: readonly unknown[];
  /** Whose mailboxes have room again. */
  readonly freed: readonly string[];
}

export interface MadeOf {
  readonly answer?: (login: PasswordLogin) => LoginAnswer;
  readonly delayMs?: number;
  readonly maxPerClient?: number;
  readonly where?: (folder: string) => string;
}

export async function make(
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
  const removed: unknown[] = [];
  const freed: string[] = [];
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
    freed: (user) => void freed.push(user),
    removed: (user, what) => {
      removed.push([user.address, what]);
      return Promise.resolve();
    },
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
  const { port } = address;
  const kept = { asked, failures: () => failed, events, troubles, removed, freed };
  return { port, folder, mailboxes, context, ...kept };
}

export class Client {
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

export async function loggedIn(port: number): Promise<Client> {
  const client = new Client(port);
  await client.until('\r\n');
  await client.say('USER joe@box.test');
  assert.match(await client.say('PASS secret'), /^\+OK/u);
  return client;
}
