// A receiver on loopback with a spool in memory and a clock of the test's own, and a client that reads whole replies.

import type { ChainCertificate } from '../../src/tls/certificate-chain.ts';
import { LoginCertificates } from '../../src/tls/login-certificates.ts';
import { RelayCertificates } from '../../src/tls/relay-certificates.ts';
import { usualExtensions } from '../protocol/smtp/server/drive.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, createSecureContext } from 'node:tls';
import type { TestContext } from 'node:test';
import { Deadlines } from '../../src/io/deadlines.ts';
import { bindHere } from '../../src/receive/bind.ts';
import { nodeTimers, type Timers } from '../../src/io/timers.ts';
import { createLogger } from '../../src/log/logger.ts';
import { Pipelines, type StageEntry } from '../../src/policy/pipelines.ts';
import { RelayPolicy } from '../../src/policy/relay-policy.ts';
import { StageTallies } from '../../src/policy/stage-tally.ts';
import { StageWatch } from '../../src/policy/stage-watch.ts';
import { RelayStage } from '../../src/policy/stages/relay-stage.ts';
import { TenantStage } from '../../src/policy/stages/tenant-stage.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { parseNetwork } from '../../src/values/network.ts';
import { NetworkSet } from '../../src/values/network-set.ts';
import type { RoomGate } from '../../src/policy/room/room-gate.ts';
import { SendingGate } from '../../src/policy/sending/sending-gate.ts';
import type { SendingLedger, SendingRule } from '../../src/policy/sending/types.ts';
import { type Tenant, Tenants } from '../../src/policy/tenants.ts';
import type { GuessCounts } from '../../src/receive/guess-counts.ts';
import type { ReceiveContext } from '../../src/receive/receive-context.ts';
import { MemoryBudget } from '../../src/receive/memory-budget.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events, logListener } from '../../src/log/events.ts';
import type { ListenerAuth } from '../../src/receive/listener-auth.ts';
import { ReceiveLog } from '../../src/receive/receive-log.ts';
import { HandshakeLimits, type HandshakeLimitSettings } from '../../src/receive/handshake-limits.ts';
import type { ListenerOptions } from '../../src/receive/listener.ts';
import { Receiver } from '../../src/receive/receiver.ts';
import { onlyPlace } from '../../src/receive/store-places.ts';
import { StoreWatch } from '../../src/receive/store-watch.ts';
import type { AcceptedMessage, ReceiveSettings } from '../../src/receive/types.ts';
import type { Signing } from '../../src/signing/outgoing-mail.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { selfSigned } from '../support/certificates.ts';
import { MemorySpool } from './memory-spool.ts';

export interface Fixture {
  readonly spool: MemorySpool;
  readonly submitted: AcceptedMessage[];
  /** Its link can be congested; callbacks wait for its end. */
  readonly manager: { isCongested: boolean; readonly waiting: (() => void)[] };
  readonly receiver: Receiver;
  /** The first listener. */
  readonly listener: ListenerOptions;
  readonly memory: MemoryBudget;
  readonly log: string[];
  readonly clock: { now: number };
  readonly deadlines: Deadlines;
  readonly tenants: Tenants;
  readonly troubles: Troubles;
  readonly handshakes: HandshakeLimits;
  readonly stageWatch: StageWatch;
  /** What stages were counted. */
  readonly counters: EventCounters;
  /** Of the first listener. */
  readonly port: number;
  client(): Promise<Client>;
}

/** A client that reads whole replies. */
export class Client {
  socket: Socket;
  #text = '';
  #waiting: (() => void) | undefined;
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen(socket);
  }

  /** Puts TLS over the connection, perhaps with a certificate. Resolves when the handshake is through; rejects when it has failed. */
  async secure(options: ConnectionOptions = {}): Promise<void> {
    const below = this.socket;
    below.removeAllListeners('data').removeAllListeners('end');
    const secure = connectTls({
      ...options,
      socket: below,
      rejectUnauthorized: false,
      allowHalfOpen: true,
    } as object);
    this.socket = secure;
    this.#listen(secure);
    await once(secure, 'secureConnect');
  }

  #listen(socket: Socket): void {
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      this.#text += piece;
      this.#waiting?.();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#waiting?.();
    });
    socket.on('error', () => undefined);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next reply: its lines, or '' when the connection has ended. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\r]*\r\n)*\d{3}(?: [^\r]*)?\r\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd();
      }
      if (this.ended) return '';
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  async ask(text: string): Promise<string> {
    this.send(text);
    return this.reply();
  }
}

export function receiveSettings(): ReceiveSettings {
  return {
    hostname: 'mx.example.org',
    postmaster: undefined,
    session: {
      hostname: 'mx.example.org',
      maxMessageBytes: 1_000_000,
      maxRecipients: 10,
      maxErrors: 5,
      maxCommandLineBytes: 2048,
      maxTextLineBytes: 0,
      maxTransactions: 0,
      bareNewlines: 'refuse',
      extensions: usualExtensions,
    },
    maxReceived: 5,
    priorityHeader: '',
    commandTimeoutMs: 300_000,
    dataTimeoutMs: 300_000,
    sessionTimeoutMs: 3_600_000,
    largeMessageBytes: 10_000,
    memoryLimitBytes: 1_000_000,
    maxConnections: 5,
    maxConnectionsPerClient: 3,
    connectionRatePerClient: { count: 0, perMs: 60_000 },
    guessing: { free: 0, delayMs: 0, most: 0, awaitsProof: false },
  };
}

/** What the listeners of tests show. */
export const testCertificate = selfSigned({ names: ['mx.example.org'] });
const secureContext = createSecureContext({
  key: testCertificate.key,
  cert: testCertificate.chain,
  minVersion: 'TLSv1.2',
});
export const testCertificates = { defaultContext: secureContext, contextFor: () => undefined };

export async function start(
  t: TestContext,
  options: {
    settings?: Partial<ReceiveSettings>;
    networks?: string[];
    exempt?: boolean;
    completesMail?: boolean;
    balancers?: readonly string[];
    xclient?: readonly string[];
    relaysToldLogins?: boolean;
    xforward?: readonly string[];
    xverp?: readonly string[];
    /** SHA-256 of certificates whose clients may relay. */
    relayCertificates?: readonly string[];
    /** Authorities of certificates whose clients may log in by EXTERNAL. */
    loginAuthorities?: () => readonly ChainCertificate[];
    memoryBytes?: number;
    tenants?: readonly Tenant[];
    /** Asked before the tenant and relay stages. */
    firstStages?: readonly StageEntry[];
    /** Sending limits, and who counts; none when not given. */
    sending?: { readonly rules: readonly SendingRule[]; readonly ledger: SendingLedger };
    /** Room in quarantine; not limited when not given. */
    quarantine?: RoomGate;
    /** Room in the queue; not limited when not given. */
    queue?: RoomGate;
    /** Counts unknown recipients over sessions; nobody does when not given. */
    guesses?: GuessCounts;
    /** Asked after the tenant and relay stages. */
    stages?: readonly StageEntry[];
    timers?: Timers;
    /** How TLS is spoken; in clear alone when not given. */
    tls?: 'offered' | 'required' | 'implicit';
    /** Log-ins, with all mechanisms under TLS; none when not given. */
    auth?: ListenerAuth & { readonly mechanisms: readonly string[]; readonly inClear?: readonly string[] };
    handshakeLimits?: Partial<HandshakeLimitSettings>;
    /** Signs mail; none when not given. */
    signing?: Signing;
    /** More listeners; what is not given is as in the first one. */
    more?: readonly Partial<ListenerOptions>[];
  } = {},
): Promise<Fixture> {
  const spool = new MemorySpool();
  const submitted: AcceptedMessage[] = [];
  const manager: Fixture['manager'] = { isCongested: false, waiting: [] };
  const log: string[] = [];
  const sink = {
    write: (line: string) => {
      log.push(line);
    },
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
  const clock = { now: Date.now() };
  const deadlines = new Deadlines({ now: () => clock.now });
  const settings: ReceiveSettings = {
    ...receiveSettings(),
    memoryLimitBytes: options.memoryBytes ?? 1_000_000,
    ...options.settings,
  };
  const { tls: security } = options;
  const startTls = security === 'implicit' ? undefined : security;
  const handshakes = new HandshakeLimits({
    maxHandshakes: 10,
    maxHandshakesPerClient: 5,
    failuresPerClient: { count: 0, perMs: 60_000 },
    ...options.handshakeLimits,
  });
  const networks = (options.networks ?? ['127.0.0.0']).map((address) => ({ address, prefix: 8 }));
  const memory = new MemoryBudget(settings.memoryLimitBytes);
  const tenants = new Tenants(options.tenants);
  const logger = createLogger({ level: 'info', format: 'json', destination: sink });
  const troubles = new Troubles();
  const storeWatch = new StoreWatch({
    directory: '/var/spool/sluice',
    log: logger,
    troubles,
    probe: () => spool.probed,
  });
  t.after(() => storeWatch.stop());
  const relay = new RelayPolicy(
    new NetworkSet(networks),
    new DomainSet([{ kind: 'exact', domain: 'example.com' }]),
    'example.com',
  );
  const sending = options.sending === undefined ? undefined : new SendingGate(options.sending.ledger);
  sending?.configure(options.sending?.rules ?? []);
  const builtIn = [
    ...(options.firstStages ?? []),
    { stage: new TenantStage(tenants) },
    { stage: new RelayStage(relay, settings.hostname, settings.postmaster) },
  ];
  const counters = new EventCounters();
  const stageWatch = new StageWatch({
    deadlines,
    log: logger,
    troubles,
    events: new Events([logListener(logger)]),
    tallies: new StageTallies(counters),
  });
  const context: ReceiveContext = {
    settings: {
      ...settings,
      session: {
        ...settings.session,
        startTls,
        ...(options.auth !== undefined && {
          auth: { clear: options.auth.inClear ?? [], secure: options.auth.mechanisms },
        }),
      },
    },
    auth: options.auth,
    signing: options.signing,
    tls:
      security === undefined
        ? undefined
        : {
            isImplicit: security === 'implicit',
            handshakeTimeoutMs: 30_000,
            relay: new RelayCertificates(options.relayCertificates ?? []),
            logins: new LoginCertificates(options.loginAuthorities),
            certificates: testCertificates,
            handshakes,
            limitsClients: true,
          },
    relay,
    pipelines: new Pipelines(
      [...builtIn, ...(options.stages ?? [])],
      stageWatch,
      new Set(['partner', 'bulk']),
    ),
    places: onlyPlace(spool, storeWatch),
    sending,
    quarantine: options.quarantine,
    queue: options.queue,
    guesses: options.guesses,
    intake: {
      submitted: (message) => submitted.push(message),
      get congested() {
        return manager.isCongested;
      },
      whenDrained: (callback) => manager.waiting.push(callback),
    },
    memory,
    deadlines,
    log: new ReceiveLog(new Events([logListener(logger)])),
  };
  const clients: Client[] = [];
  t.after(() => {
    for (const client of clients) client.socket.destroy();
    receiver.drain(() => undefined);
    receiver.abandon();
  });
  const receiver = new Receiver(settings, {
    log: logger,
    troubles,
    timers: options.timers ?? nodeTimers,
    bind: bindHere,
  });
  const listener: ListenerOptions = {
    facts: { kind: settings.session.protocol ?? 'smtp', name: '127.0.0.1:0' },
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    isShared: false,
    socketMode: 0o660,
    completesMail: options.completesMail ?? false,
    context,
    exempt: new NetworkSet(options.exempt === true ? networks : []),
    balancers: new NetworkSet((options.balancers ?? []).map(parseNetwork)),
    xclient: new NetworkSet((options.xclient ?? []).map(parseNetwork)),
    relaysToldLogins: options.relaysToldLogins === true,
    xforward: new NetworkSet((options.xforward ?? []).map(parseNetwork)),
    xverp: new NetworkSet((options.xverp ?? []).map(parseNetwork)),
    maxConnections: undefined,
    hasOwnClientLimits: false,
  };
  const more = Array.from(options.more ?? [], (each) => ({ ...listener, ...each }));
  const [bound] = await receiver.start([listener, ...more]);
  assert.ok(bound?.kind === 'tcp');
  return {
    spool,
    submitted,
    manager,
    receiver,
    listener,
    memory,
    log,
    clock,
    deadlines,
    tenants,
    troubles,
    handshakes,
    stageWatch,
    counters,
    port: bound.port,
    client: async () => {
      const socket = connect({ host: '127.0.0.1', port: bound.port, allowHalfOpen: true, noDelay: true });
      await once(socket, 'connect');
      const client = new Client(socket);
      clients.push(client);
      return client;
    },
  };
}

export async function greeted(fixture: Fixture): Promise<Client> {
  const client = await fixture.client();
  assert.match(await client.reply(), /^220 mx\.example\.org/);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250-mx\.example\.org/);
  return client;
}

/** A client that has come under TLS by STARTTLS, and said EHLO there. */
export async function secured(fixture: Fixture): Promise<Client> {
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^220 2\.0\.0/);
  await client.secure();
  const hello = await client.ask('EHLO client.example\r\n');
  assert.match(hello, /^250-mx\.example\.org/);
  assert.doesNotMatch(hello, /STARTTLS/);
  return client;
}

export async function envelope(client: Client): Promise<void> {
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
}
