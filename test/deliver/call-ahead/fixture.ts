// A pool that asks scripted servers, on a clock of the test's own.

import type { TestContext } from 'node:test';
import { AskingPool } from '../../../src/deliver/call-ahead/asking-pool.ts';
import type {
  FoundServers,
  PoolSettings,
  VisitLedger,
} from '../../../src/deliver/call-ahead/call-ahead-types.ts';
import { SaltedPasswords } from '../../../src/deliver/login/salted-passwords.ts';
import { Secrets } from '../../../src/deliver/login/secrets.ts';
import { TokenCommands } from '../../../src/deliver/login/token-commands.ts';
import { HostQuirks } from '../../../src/deliver/smtp/host-quirks.ts';
import { PlaceProofs } from '../../../src/deliver/smtp/place-proofs.ts';
import { BrokenHandshakes } from '../../../src/deliver/tls/broken-handshakes.ts';
import { ClientContexts } from '../../../src/deliver/tls/client-contexts.ts';
import { SessionCache } from '../../../src/deliver/tls/session-cache.ts';
import { dial } from '../../../src/io/dial.ts';
import { Deadlines } from '../../../src/io/deadlines.ts';
import { smtpHop, socketHop } from '../../../src/route/next-hop.ts';
import type { SocketHop } from '../../../src/route/types.ts';

const steps = [
  'connectMs',
  'greetingMs',
  'heloMs',
  'handshakeMs',
  'mailMs',
  'rcptMs',
  'dataMs',
  'blockMs',
  'finalMs',
  'rsetMs',
  'quitMs',
] as const;

export interface PoolFixture {
  readonly pool: AskingPool;
  readonly clock: { now: number };
  /** The first connection is there, and its owner knows. */
  readonly connected: Promise<void>;
  /** Lets time pass: whatever is due expires. */
  pass(ms: number): void;
  /** How often the addresses of the servers were asked for. */
  readonly lookups: { count: number };
}

export interface PoolOptions extends Partial<PoolSettings> {
  /** For each step of a session. */
  readonly stepMs?: number;
  /** Allows every connection, if it is not given. */
  readonly visits?: VisitLedger;
}

/** @param servers - asked in this order */
export function poolOf(
  t: TestContext,
  servers: readonly SocketHop[] | FoundServers,
  { stepMs = 10_000, visits, ...settings }: PoolOptions = {},
): PoolFixture {
  const clock = { now: 1_000_000 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const lookups = { count: 0 };
  const first = Promise.withResolvers<void>();
  const found: FoundServers = 'kind' in servers ? servers : foundAt(servers);
  const pool = new AskingPool({
    settings: { sender: '', connections: 2, waiting: 10, timeLimitMs: 20_000, ...settings },
    context: {
      deadlines,
      dial: (...args) => {
        const socket = dial(...args);
        socket.once('connect', () => first.resolve());
        return socket;
      },
      settings: {
        heloName: 'sluice.test',
        heloNames: new Map(),
        pipelineDepth: { data: 2, chunking: 4 },
        quirks: new HostQuirks([]),
        timeouts: Object.fromEntries(steps.map((step) => [step, stepMs])) as Record<
          (typeof steps)[number],
          number
        >,
      },
      proofs: new PlaceProofs(1),
      tls: {
        contexts: new ClientContexts(new Map()),
        sessions: new SessionCache(),
        broken: new BrokenHandshakes(),
      },
      logins: {
        credentials: new Map(),
        secrets: new Secrets(),
        salted: new SaltedPasswords(),
        commands: new TokenCommands(),
      },
    },
    visits: visits ?? freeVisits,
    servers: () => {
      lookups.count++;
      return Promise.resolve(found);
    },
  });
  t.after(() => pool.close());
  return {
    pool,
    clock,
    lookups,
    connected: first.promise,
    pass: (ms) => {
      clock.now += ms;
      deadlines.advance();
    },
  };
}

export function hopAt(port: number, host = 'mx.test'): SocketHop {
  return smtpHop(host, '127.0.0.1', port, 0);
}

export function lmtpHopAt(port: number): SocketHop {
  return socketHop('lmtp', { kind: 'tcp', ip: '127.0.0.1', port }, 'lmtp.test', 0);
}

/** Servers, as the router finds them. */
export function foundAt(hops: readonly SocketHop[]): FoundServers {
  const plan = { kind: 'relay', site: 'mx.test', label: 'mx.test', addresses: hops } as const;
  return { kind: 'found', hops, key: 'mx:example.org', plan };
}

/** Where no limit is in the way. */
export const freeVisits: VisitLedger = {
  visit: ({ plan }) =>
    Promise.resolve({ kind: 'visit', number: 1, hop: plan.addresses[0] as SocketHop, source: '' }),
  visitEnded: () => undefined,
};
