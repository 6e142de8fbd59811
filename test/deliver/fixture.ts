// A sender with a virtual clock, a spool in memory, and its reports as a list that can be waited for.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DeliveryLog } from '../../src/deliver/delivery-log.ts';
import type { ConnectionContext } from '../../src/deliver/connection-context.ts';
import { HostQuirks } from '../../src/deliver/smtp/host-quirks.ts';
import { LiveSrs } from '../../src/srs/live-srs.ts';
import { SaltedPasswords } from '../../src/deliver/login/salted-passwords.ts';
import { Secrets } from '../../src/deliver/login/secrets.ts';
import { TokenCommands } from '../../src/deliver/login/token-commands.ts';
import { BrokenHandshakes } from '../../src/deliver/tls/broken-handshakes.ts';
import type { HandshakeSettingsByName } from '../../src/deliver/tls/handshake-settings.ts';
import { ClientContexts } from '../../src/deliver/tls/client-contexts.ts';
import { ClientIdentities } from '../../src/tls/client-identities.ts';
import { SessionCache } from '../../src/deliver/tls/session-cache.ts';
import { PipeliningMemory } from '../../src/manager/pipelining-memory.ts';
import { english } from '../../src/bounce/texts/english.ts';
import type { AliasTables } from '../../src/deliver/mailbox/expand-alias.ts';
import { absent } from '../../src/table/table.ts';
import { RoomReports } from '../../src/deliver/mailbox/room-reports.ts';
import type { WarningSender } from '../../src/deliver/mailbox/quota-warning.ts';
import type { UserFinder } from '../../src/deliver/mailbox/user-lookups.ts';
import { OwnDeliveries } from '../../src/deliver/system/system-deliveries.ts';
import { OwnPrograms } from '../../src/deliver/pipe/programs.ts';
import { PlaceProofs } from '../../src/deliver/smtp/place-proofs.ts';
import { Sender } from '../../src/deliver/sender.ts';
import type {
  AttemptResult,
  CloseReport,
  DeliveryReports,
  DeliveryTimeouts,
  Work,
} from '../../src/deliver/types.ts';
import { dial } from '../../src/io/dial.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { peerOf } from '../../src/message/refusal.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { Events, logListener } from '../../src/log/events.ts';
import { createLogger } from '../../src/log/logger.ts';
import { MemoryReader } from './memory-reader.ts';
import { MailServer, type Peer } from './mail-server.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { LoginFailure } from '../../src/values/login-outcome.ts';
import type { SendingWay } from '../../src/values/pipelining.ts';
import type { TlsOutcome } from '../../src/values/tls-outcome.ts';
import type { HopTlsPolicy } from '../../src/values/tls-policy.ts';

/** Not root. */
const anyUid = 1000;

export type Report =
  | { readonly kind: 'ready'; readonly connection: number }
  | {
      readonly kind: 'done';
      readonly connection: number;
      readonly results: readonly ShownResult[];
      readonly reusable: boolean;
    }
  | { readonly kind: 'closed'; readonly connection: number; readonly report: ShownEnd };

/** A result as tests compare it: the refusal as its words, and who is to blame. */
export interface ShownResult {
  readonly recipient: number;
  readonly result: 'delivered' | 'tempfail' | 'permfail';
  /** Without the server, which stands beside it. */
  readonly error?: string;
  /** Not given for a server, which is named. */
  readonly by?: 'local' | 'damage';
  readonly host?: string;
  readonly remote?: string;
  readonly address?: string | undefined;
  readonly source?: string | undefined;
  readonly queue?: string | undefined;
  readonly relayedTo?: string | undefined;
}

export type ShownEnd =
  | { readonly kind: 'failed'; readonly error: string; readonly local?: true }
  | Exclude<CloseReport, { readonly kind: 'failed' }>;

function shownResult(each: AttemptResult): ShownResult {
  if (each.result === 'delivered') return each;
  const { refusal, result: _, ...facts } = each;
  const { by, lines, permanent } = refusal;
  const peer = peerOf(refusal);
  return {
    ...facts,
    result: permanent ? 'permfail' : 'tempfail',
    error: by.kind === 'connection' ? lines.join(' ') : refusalText(refusal),
    ...((by.kind === 'local' || by.kind === 'damage') && { by: by.kind }),
    ...(peer !== undefined && { host: peer.host, remote: peer.address }),
  };
}

function shownEnd(report: CloseReport): ShownEnd {
  if (report.kind !== 'failed') return report;
  const { refusal } = report;
  return {
    kind: 'failed',
    error: refusalText(refusal),
    ...(refusal.by.kind === 'local' && { local: true }),
  };
}

/** Keeps every report, in order. */
export class RecordedReports implements DeliveryReports {
  readonly all: Report[] = [];
  /** All results as they are. */
  readonly results: AttemptResult[] = [];
  /** What TLS came to, of each connection that told. */
  readonly tls: TlsOutcome[] = [];
  /** By which each connection has logged in that has. */
  readonly mechanisms: string[] = [];
  /** Why log-ins failed. */
  readonly logins: LoginFailure[] = [];
  /** How many messages may be on the way, of each connection that became ready. */
  readonly depths: number[] = [];
  /** Called at the end of each connection, with what the host did not bear. */
  onFault: (connection: number, fault: CloseReport['fault']) => void = () => undefined;
  /** Called at each report. */
  onReport: (report: Report) => void = () => undefined;
  #read = 0;
  #wake: () => void = () => undefined;

  ready(connection: number, tls?: TlsOutcome, depth = 1, _way?: SendingWay, mechanism = ''): void {
    this.depths.push(depth);
    if (mechanism !== '') this.mechanisms.push(mechanism);
    if (tls !== undefined) this.tls.push(tls);
    this.#add({ kind: 'ready', connection });
  }

  done(connection: number, results: readonly AttemptResult[], reusable: boolean): void {
    this.results.push(...results);
    this.#add({ kind: 'done', connection, results: results.map(shownResult), reusable });
  }

  closed(connection: number, { fault, ...report }: CloseReport): void {
    this.onFault(connection, fault);
    if (report.kind === 'failed' && report.tls !== undefined) this.tls.push(report.tls);
    if (report.kind === 'failed' && report.login !== undefined) this.logins.push(report.login);
    this.#add({ kind: 'closed', connection, report: shownEnd(report) });
  }

  /** The next report that the test has not looked at. */
  async next(): Promise<Report> {
    for (;;) {
      const report = this.all[this.#read];
      if (report !== undefined) {
        this.#read++;
        return report;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #add(report: Report): void {
    this.all.push(report);
    this.onReport(report);
    this.#wake();
  }
}

const grantedHost = 'mx.test';
const grantedIp = '127.0.0.1';

/** All different, so that a test sees which one was used. */
export const timeouts: DeliveryTimeouts = {
  connectMs: 30_000,
  greetingMs: 100_000,
  heloMs: 110_000,
  handshakeMs: 90_000,
  mailMs: 120_000,
  rcptMs: 130_000,
  dataMs: 140_000,
  blockMs: 150_000,
  finalMs: 160_000,
  rsetMs: 170_000,
  quitMs: 180_000,
};

export interface Fixture {
  readonly server: MailServer;
  readonly sender: Sender;
  readonly context: ConnectionContext;
  readonly spool: MemoryReader;
  readonly reports: RecordedReports;
  /** Log lines, parsed. */
  readonly log: Record<string, unknown>[];
  /** Lets time pass. */
  advance(ms: number): void;
  /** Grants connection 1, or another, to the server (or another port) with this work, from the system's choice or a source. */
  connect(work: Work, connection?: number, port?: number, source?: string, tls?: HopTlsPolicy): void;
}

const noAliases: AliasTables = { lookup: (_, keys) => Promise.resolve(keys.map(() => absent)) };
const noUsers: UserFinder = { find: () => Promise.resolve({ kind: 'absent' }) };

/** @param handshakes - settings of TLS by name */
export async function fixture(
  t: TestContext,
  handshakes: HandshakeSettingsByName = new Map(),
  identities = new ClientIdentities(),
  users: UserFinder = noUsers,
  aliases: AliasTables = noAliases,
): Promise<Fixture> {
  const server = await MailServer.listen(t);
  const spool = new MemoryReader();
  const reports = new RecordedReports();
  const log: Record<string, unknown>[] = [];
  const sink = {
    write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>),
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
  // Made by who needs it.
  const runFolder = join(tmpdir(), `sluice-run-${randomUUID()}`);
  t.after(() => rmSync(runFolder, { recursive: true, force: true }));
  let now = 1_000_000;
  const deadlines = new Deadlines({ now: () => now });
  const logger = createLogger({ level: 'info', format: 'json', destination: sink });
  // The server has proved itself.
  const proofs = new PlaceProofs(1);
  proofs.needed = () => 0;
  const room = new RoomReports(
    () => undefined,
    () => now,
  );
  const warner = (): WarningSender => ({
    hostname: 'sluice.test',
    from: 'mailer@sluice.test',
    texts: english,
  });
  const context: ConnectionContext = {
    settings: {
      heloName: 'sluice.test',
      pipelineDepth: { data: 2, chunking: 4 },
      heloNames: new Map([['127.0.0.2', 'two.sluice.test']]),
      quirks: new HostQuirks([]),
      timeouts,
    },
    spool,
    deadlines,
    dial,
    reports,
    log: new DeliveryLog(logger, new Events([logListener(logger)])),
    proofs,
    tls: {
      contexts: new ClientContexts(handshakes, identities),
      sessions: new SessionCache(() => now),
      broken: new BrokenHandshakes(() => now),
    },
    logins: {
      credentials: new Map(),
      secrets: new Secrets(),
      salted: new SaltedPasswords(),
      commands: new TokenCommands(),
    },
    srs: new LiveSrs(),
    // Programs of tests run as whoever runs the tests, root as well.
    ways: {
      folder: runFolder,
      programs: new OwnPrograms(anyUid),
      systemUsers: new OwnDeliveries(),
      users,
      aliases,
      room,
      warner,
    },
  };
  const sender = new Sender(context);
  // As the manager remembers it.
  const memory = new PipeliningMemory(() => now);
  reports.onFault = (connection, fault) => memory.closed(connection, fault);
  t.after(() => sender.abandon());
  return {
    server,
    sender,
    context,
    spool,
    reports,
    log,
    advance: (ms) => {
      now += ms;
      deadlines.advance();
    },
    connect: (work, connection = 1, port = server.port, source = '', tls = undefined) => {
      const hop = { ...smtpHop(grantedHost, grantedIp, port, 0), tls };
      const without = memory.opened(connection, hop.key);
      sender.connect({ connection, site: 'site', hop, source, without, work });
    },
  };
}

/** The results of a message that was delivered to its only recipient. */
export const delivered = [{ recipient: 0, result: 'delivered' }];

/** A connection that has delivered one message and is idle. */
export async function idle({ server, spool, reports, connect }: Fixture, connection = 1): Promise<Peer> {
  connect(spool.add({ to: ['b@to.test'] }), connection);
  const peer = await server.accept();
  await peer.hello();
  await peer.take('b@to.test');
  assert.deepEqual(await reports.next(), { kind: 'ready', connection });
  assert.deepEqual(await reports.next(), { kind: 'done', connection, results: delivered, reusable: true });
  return peer;
}

/** A connection whose message is on its way: the server has yet to take it. */
export async function busy({ server, spool, reports, connect }: Fixture, connection = 1): Promise<Peer> {
  connect(spool.add({ to: ['b@to.test'] }), connection);
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['DATA', '354 go'],
  );
  await peer.content();
  assert.deepEqual(await reports.next(), { kind: 'ready', connection });
  return peer;
}

/** Some turns of the event loop: enough for whatever is ready to happen, no promise that anything does. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
