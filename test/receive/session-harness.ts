// One session without a socket: bytes in, replies out, stages answered when the test says so.

import { Deadlines } from '../../src/io/deadlines.ts';
import { createLogger } from '../../src/log/logger.ts';
import { Pipelines, type StageEntry } from '../../src/policy/pipelines.ts';
import { RelayPolicy } from '../../src/policy/relay-policy.ts';
import type { Stage } from '../../src/policy/stage.ts';
import { StageTallies } from '../../src/policy/stage-tally.ts';
import { StageWatch } from '../../src/policy/stage-watch.ts';
import { RelayStage } from '../../src/policy/stages/relay-stage.ts';
import { ServerSession } from '../../src/protocol/smtp/server/server-session.ts';
import { MemoryBudget } from '../../src/receive/memory-budget.ts';
import type { ReceiveContext } from '../../src/receive/receive-context.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events, logListener } from '../../src/log/events.ts';
import { ReceiveLog } from '../../src/receive/receive-log.ts';
import type { Directory } from '../../src/directory/types.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { ReceivedSession } from '../../src/receive/received-session.ts';
import type { TlsLogins } from '../../src/receive/tls-logins.ts';
import { SessionSteps } from '../../src/receive/session-steps.ts';
import type { Waiting } from '../../src/receive/session-waiting.ts';
import { onlyPlace } from '../../src/receive/store-places.ts';
import type { AcceptedMessage } from '../../src/receive/types.ts';
import { StoreWatch } from '../../src/receive/store-watch.ts';
import type { SpoolWriter } from '../../src/spool/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { NetworkSet } from '../../src/values/network-set.ts';
import { receiveSettings } from './fixture.ts';
import { MemorySpool } from './memory-spool.ts';

const hostname = 'mx.example.org';

/** What log-ins of a session need. */
export interface HarnessLogIns extends TlsLogins {
  readonly directory: Directory;
  readonly mechanisms: readonly string[];
}

export class SessionHarness implements Waiting {
  readonly spool = new MemorySpool();
  readonly memory = new MemoryBudget(1_000_000);
  readonly troubles = new Troubles();
  readonly log: string[] = [];
  /** What the manager is told. */
  readonly submitted: AcceptedMessage[] = [];
  output = '';
  isClosed = false;
  readonly #clock = { now: 1_000_000 };
  readonly #deadlines = new Deadlines({ now: () => this.#clock.now });
  readonly #storeWatch: StoreWatch;
  readonly #session: ServerSession;
  readonly #steps: SessionSteps;
  readonly #facts: ReceivedSession;
  #holds = 0;
  #isGone = false;

  /**
   * @param writer - of a spool that takes the place of the one in memory
   * @param placesOf - says which queues there are
   * @param logIns - the session is under TLS from its beginning, and allows log-ins
   */
  constructor(
    stages: readonly (Stage | StageEntry)[],
    writer?: SpoolWriter,
    logIns?: HarnessLogIns,
    placesOf: typeof onlyPlace = onlyPlace,
  ) {
    const { log, spool, memory, troubles } = this;
    const sink = {
      write: (line: string) => void log.push(line),
      flush: () => Promise.resolve(),
      reopen: () => undefined,
      close: () => Promise.resolve(),
    };
    const logger = createLogger({ level: 'info', format: 'json', destination: sink });
    const relay = new RelayPolicy(new NetworkSet([{ address: '127.0.0.0', prefix: 8 }]), new DomainSet([]));
    const stageWatch = new StageWatch({
      deadlines: this.#deadlines,
      log: logger,
      troubles,
      events: new Events([logListener(logger)]),
      tallies: new StageTallies(new EventCounters()),
    });
    const entries = [new RelayStage(relay, hostname, undefined), ...stages].map((each) =>
      'stage' in each ? each : { stage: each },
    );
    const usual = receiveSettings();
    const auth = logIns === undefined ? {} : { auth: { clear: [], secure: logIns.mechanisms }, maxErrors: 0 };
    const settings = { ...usual, session: { ...usual.session, ...auth } };
    this.#storeWatch = new StoreWatch({
      directory: '/var/spool/sluice',
      log: logger,
      troubles,
      probe: () => Promise.resolve(),
    });
    const context: ReceiveContext = {
      settings,
      relay,
      pipelines: new Pipelines(entries, stageWatch, new Set(['partner'])),
      places: placesOf(writer ?? spool, this.#storeWatch),
      intake: {
        submitted: (message) => void this.submitted.push(message),
        congested: false,
        whenDrained: (callback) => callback(),
      },
      memory,
      deadlines: this.#deadlines,
      log: new ReceiveLog(new Events([logListener(logger)])),
      ...(logIns !== undefined && {
        auth: { directory: logIns.directory, isRequired: true, hints: noHints },
      }),
    };
    this.#session = new ServerSession(settings.session);
    const facts = new ReceivedSession(
      { kind: 'smtp', name: '127.0.0.1:25' },
      { address: '127.0.0.1', mayRelay: logIns === undefined },
      {},
      this.#session,
      settings.session.maxMessageBytes,
    );
    this.#steps = new SessionSteps(context, this.#session, facts, false, this);
    if (logIns === undefined) this.#steps.connected();
    else {
      const { bindings, certificateNames } = logIns;
      const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', certificateSubject: undefined };
      this.#session.secured(!bindings.isEmpty, certificateNames.length > 0);
      this.#steps.secured(tls, false, { bindings, certificateNames }, () => this.#steps.connected());
    }
    this.#facts = facts;
    this.#pump();
  }

  /** Who has logged in. */
  get user(): string | undefined {
    return this.#facts.user?.address;
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Does a stage or the disk have to do something yet? */
  get isBusy(): boolean {
    return this.isHeld || this.#session.unanswered > 0;
  }

  hold(): void {
    this.#holds++;
  }

  resume(): void {
    this.#holds--;
    this.#pump();
  }

  answered(): void {
    if (!this.#isGone) this.#pump();
  }

  receive(chunk: Uint8Array): void {
    this.#session.receive(chunk);
    this.#pump();
  }

  /** Lets time pass, after which stages that do not answer have failed. */
  passTimeLimit(): void {
    this.#clock.now += 31_000;
    this.#deadlines.advance();
  }

  /** The client has gone. */
  end(): void {
    this.#isGone = true;
    this.#steps.gone();
    this.#storeWatch.stop();
  }

  #pump(): void {
    while (!this.isHeld && !this.isClosed) {
      const event = this.#session.next();
      if (event === undefined) break;
      if (event.kind === 'quit' || event.kind === 'close') this.isClosed = true;
      else if (event.kind === 'starttls' || event.kind === 'xclient') {
        throw new Error(`${event.kind} is not offered here`);
      } else this.#steps.take(event);
    }
    const output = this.#session.takeOutput();
    if (output !== undefined) this.output += Buffer.from(output).toString('latin1');
  }
}
