// Servers that do wrong at one step of a session with STARTTLS, AUTH and two recipients: what they do, and how a session with them is
// played to its end. What must come of it is the table in hostile-servers.test.ts.

import type { TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import { smtpHop } from '../../src/route/next-hop.ts';
import { type Fixture, type ShownEnd, turns } from './fixture.ts';
import type { Peer } from './mail-server.ts';
import { leaves, policy, tlsFixture } from './tls/policies.ts';

const login = { credential: 'provider', id: 'provider~digest' };
const plain = Buffer.from('\0joe\0pencil').toString('base64');
const { chain: cert, key } = leaves.good;

interface Step {
  /** What the client says when it is the server's turn; undefined: nothing, or it is no line. */
  readonly says?: string;
  readonly reply: string;
  /** The client sends the content in place of a line. */
  readonly isContent?: true;
  /** After the reply comes the handshake. */
  readonly isHandshake?: true;
}

/** A session, step by step, with a server that does right. The second recipient does not exist. */
export const steps = {
  greeting: { reply: '220 mx.test ESMTP' },
  EHLO: { says: 'EHLO sluice.test', reply: '250-mx.test\r\n250 STARTTLS' },
  STARTTLS: { says: 'STARTTLS', reply: '220 go' },
  handshake: { reply: '', isHandshake: true },
  'EHLO under TLS': { says: 'EHLO sluice.test', reply: '250-mx.test\r\n250 AUTH PLAIN' },
  AUTH: { says: `AUTH PLAIN ${plain}`, reply: '235 2.7.0 welcome' },
  MAIL: { says: 'MAIL FROM:<a@from.test>', reply: '250 ok' },
  RCPT: { says: 'RCPT TO:<yes@to.test>', reply: '250 ok' },
  'second RCPT': { says: 'RCPT TO:<no@to.test>', reply: '550 5.1.1 no such user' },
  DATA: { says: 'DATA', reply: '354 go' },
  content: { isContent: true, reply: '250 2.0.0 taken' },
  QUIT: { says: 'QUIT', reply: '221 bye' },
} as const satisfies Readonly<Record<string, Step>>;

export type StepName = keyof typeof steps;
export const stepNames = Object.keys(steps) as readonly StepName[];

/** What the server does in place of its reply. After what is a reply, it goes on as a server does that has nothing more to offer. */
export const faults = {
  'closes the connection': { act: (peer) => peer.end() },
  'resets the connection': { act: (peer) => reset(peer) },
  'answers 421 and closes': { act: (peer) => (peer.say('421 4.3.2 going down'), peer.end()) },
  'answers 421': { act: (peer) => peer.say('421 4.3.2 going down'), goesOn: true },
  'answers 554': { act: (peer) => peer.say('554 5.7.1 not you'), goesOn: true },
  'answers 450': { act: (peer) => peer.say('450 4.2.0 later'), goesOn: true },
  'answers what is no reply': {
    act: (peer) =>
      peer.socket.write(Buffer.from('\0\xff\x80 what?\r\nHTTP/1.1 400 Bad Request\r\n', 'latin1')),
    goesOn: true,
  },
  'answers this and all that follows at once': {
    act: (peer, _, at) =>
      peer.say(...stepNames.slice(stepNames.indexOf(at)).map((name) => steps[name].reply)),
  },
  'answers without an end, in lines': { act: (peer) => flood(peer, '250-and so on\r\n') },
  'answers without an end, in one line': { act: (peer) => flood(peer, '250 and so on ') },
  'answers a byte a minute': { act: (peer, all) => drip(peer, all) },
  'says nothing': { act: (peer, all) => waitLong(peer, all) },
  'hangs in the middle of a line': { act: (peer, all) => (peer.socket.write('250 o'), waitLong(peer, all)) },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

interface Fault {
  readonly act: (peer: Peer, all: Fixture, at: StepName) => unknown;
  readonly goesOn?: boolean;
}

/** The socket of TLS has nothing to reset by itself. */
function reset(peer: Peer): void {
  if (peer.socket instanceof TLSSocket) peer.socket.destroy();
  else peer.reset();
}

const minuteMs = 60_000;
/** Longer than any timeout, and than all timeouts that can follow one another here. */
const longMinutes = 30;
/** More than any reply may have. */
const floodBytes = 64 * 1024 * 1024;

/** Writes until the client has had enough. */
async function flood(peer: Peer, text: string): Promise<void> {
  const piece = text.repeat(2_000);
  for (let sent = 0; sent < floodBytes && !peer.socket.destroyed; sent += piece.length) {
    if (!peer.socket.write(piece)) await Promise.race([drained(peer), peer.closed]);
  }
  if (!peer.socket.destroyed) throw new Error('the client reads a reply without an end');
}

function drained(peer: Peer): Promise<void> {
  return new Promise((resolve) => {
    peer.socket.once('drain', resolve);
  });
}

async function drip(peer: Peer, all: Fixture): Promise<void> {
  const text = '250-a reply of a server that has all the time of the world\r\n';
  for (let minute = 0; minute < longMinutes && !isOver(all); minute++) {
    peer.socket.write(text.charAt(minute));
    await turns();
    all.advance(minuteMs);
  }
}

async function waitLong(_: Peer, all: Fixture): Promise<void> {
  for (let minute = 0; minute < longMinutes && !isOver(all); minute++) {
    await turns();
    all.advance(minuteMs);
  }
}

function isOver({ reports }: Fixture): boolean {
  return reports.all.some(({ kind }) => kind === 'closed');
}

export interface Ended {
  /** Of each recipient, in order. `deferred`: tried again, by itself or with the connection. */
  readonly fates: readonly ('delivered' | 'deferred' | 'failed')[];
  /** Results of each recipient. */
  readonly told: readonly number[];
  readonly ends: readonly ShownEnd[];
  /** Connections that the sender counts. */
  readonly open: number;
}

/** Plays a session with a server that does this in place of the reply of one step, on each connection, to the end of the last one. */
export async function play(t: TestContext, at: StepName, fault: Fault): Promise<Ended> {
  const all = await tlsFixture(t);
  const { context, sender, server, spool, reports } = all;
  context.logins.secrets.use({ provider: { kind: 'secret', text: 'pencil' } });
  const mechanisms = ['PLAIN'] as const;
  const settings = { name: 'provider', user: 'joe', mechanisms, isAllowedInClear: false, command: undefined };
  sender.reconfigure({
    ...context,
    logins: { ...context.logins, credentials: new Map([[login.id, settings]]) },
  });
  const hop = { ...smtpHop('mx.test', '127.0.0.1', server.port, 0), tls: policy('verified'), login };
  const work = spool.add({ to: ['yes@to.test', 'no@to.test'] });
  const closed = Promise.withResolvers<undefined>();
  reports.onReport = (report) => {
    // As the manager does when no more mail waits for the site.
    if (report.kind === 'done' && report.reusable) sender.close(1);
    if (report.kind === 'closed') closed.resolve(undefined);
  };
  sender.connect({ connection: 1, site: 'site', hop, source: '', work });
  // A handshake that breaks is tried once more, on another connection.
  const peers: Peer[] = [];
  for (;;) {
    const peer = await Promise.race([closed.promise, server.accept()]);
    if (peer === undefined) break;
    peers.push(peer);
    await Promise.race([closed.promise, serve(peer, all, at, fault)]);
  }
  // A client leaves some time for the server to close first.
  all.advance(minuteMs);
  await Promise.all(peers.map((peer) => peer.closed));
  await turns();
  return ended(all);
}

async function serve(peer: Peer, all: Fixture, at: StepName, { act, goesOn = false }: Fault): Promise<void> {
  await turns(); // the connecting end hears of it too
  for (const name of stepNames) {
    const step: Step = steps[name];
    if (step.says !== undefined) {
      const line = await peer.line();
      if (line !== step.says) throw new Error(`the client says ${line} in place of ${step.says}`);
    }
    if (step.isContent === true) await peer.content();
    if (name === at) {
      await act(peer, all, at);
      if (goesOn) await serveNobody(peer);
      return;
    }
    if (step.isHandshake === true) await peer.underTls({ cert, key });
    else peer.say(step.reply);
  }
}

/** A server that takes no more mail, and closes when it is asked to. */
async function serveNobody(peer: Peer): Promise<void> {
  for (let line = await peer.line(); line !== undefined; line = await peer.line()) {
    if (line.startsWith('RCPT') || line === 'DATA') peer.say('451 4.3.0 not now');
    else if (line !== 'QUIT') peer.say('250 ok');
    else {
      peer.say('221 bye');
      peer.end();
    }
  }
}

function ended({ reports, sender }: Fixture): Ended {
  const told = [0, 0];
  const fates: Ended['fates'][number][] = ['deferred', 'deferred'];
  const ends: ShownEnd[] = [];
  for (const report of reports.all) {
    if (report.kind === 'closed') ends.push(report.report);
    if (report.kind !== 'done') continue;
    for (const { recipient, result } of report.results) {
      told[recipient] = (told[recipient] ?? 0) + 1;
      if (result === 'delivered') fates[recipient] = 'delivered';
      if (result === 'permfail') fates[recipient] = 'failed';
    }
  }
  return { fates, told, ends, open: sender.connections };
}
