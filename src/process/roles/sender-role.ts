// The sender role: outgoing connections. It carries out the manager's grants and decides nothing.

import type { Config } from '../../config/config.ts';
import { matchTlsa } from '../../dane/match-tlsa.ts';
import { DeliveryLog } from '../../deliver/delivery-log.ts';
import type { ConnectionContext } from '../../deliver/connection-context.ts';
import { SaltedPasswords } from '../../deliver/login/salted-passwords.ts';
import { TokenCommands } from '../../deliver/login/token-commands.ts';
import { BrokenHandshakes } from '../../deliver/tls/broken-handshakes.ts';
import { ClientContexts } from '../../deliver/tls/client-contexts.ts';
import { SessionCache } from '../../deliver/tls/session-cache.ts';
import { PlaceProofs } from '../../deliver/smtp/place-proofs.ts';
import { RoomReports } from '../../deliver/mailbox/room-reports.ts';
import { Sender } from '../../deliver/sender.ts';
import { type Delivered, DeliveredLately } from '../../deliver/delivered-lately.ts';
import type { AttemptResult, DeliveryReports } from '../../deliver/types.ts';
import { noTrail, type Trail } from '../../crash/trail.ts';
import { dial } from '../../io/dial.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import { Events, logListener } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import { followReaders, openReaders } from '../../spool/open.ts';
import type { LiveStores } from '../../spool/store-access.ts';
import type { SpoolReader } from '../../spool/types.ts';
import { runFolder } from '../../channel/manager-socket.ts';
import { CounterPosts } from '../../channel/counter-posts.ts';
import type { RunErrand } from '../../channel/errand-messages.ts';
import type { Link } from '../../channel/link.ts';
import type { ManagerToSender, RoleFacts, SenderToManager } from '../../channel/messages.ts';
import type { Role } from '../role.ts';
import { credentialSettings } from '../../settings/credentials.ts';
import { laterWarner } from '../../settings/quota-warner.ts';
import { deliverySettings } from '../../settings/settings.ts';
import { srsSettings } from '../../settings/srs.ts';
import { handshakeSettings } from '../../settings/tls-rules.ts';
import { GivenToSender } from './given-to-sender.ts';
import { finishWithin } from './finish-within.ts';
import { liveStores, storeSettings } from './stores.ts';

/**
 * Time that transactions in hand get to finish after the manager was lost. Deliveries pause meanwhile. A transaction that
 * takes longer is cut off, and its message may be delivered twice.
 */
const orphanGraceMs = 5_000;

/** At a stop, time to tell a new manager what was delivered while there was none. */
const lastWordMs = 2_000;

export class SenderRole implements Role {
  readonly facts: RoleFacts = {};
  readonly #sender: Sender;
  #lines: ConnectionContext;
  readonly #spool: SpoolReader;
  readonly #stores: LiveStores;
  readonly #deadlines = new Deadlines();
  readonly #proofs: PlaceProofs;
  readonly #tlsSessions = new SessionCache();
  readonly #given: GivenToSender;
  readonly #saltedPasswords = new SaltedPasswords();
  readonly #tokenCommands = new TokenCommands();
  readonly #brokenHandshakes = new BrokenHandshakes();
  readonly #link: Link<SenderToManager>;
  readonly #whenLinked: (linked: () => void) => void;
  readonly #log: Logger;
  readonly #events: Events;
  readonly #counters: EventCounters;
  readonly #counterPosts: CounterPosts;
  readonly #delivered = new DeliveredLately();
  readonly #trail: Trail;
  readonly #room = new RoomReports(
    (user, state) => this.#post({ kind: 'mailbox', user, state }),
    () => performance.now(),
  );
  /** True while there is no manager to report to. */
  #isOrphan = false;

  /**
   * @param link - the caller passes its messages from the manager to `take`, and calls `managerLost` when the manager is lost
   * @param whenLinked - calls back when the manager has been told the hello; at once if not given
   * @param given - what the supervisor has given, and gives later
   * @param trail - says which messages are in hand, for the case that this process crashes
   */
  constructor(
    config: Config,
    link: Link<SenderToManager>,
    log: Logger,
    counters: EventCounters,
    whenLinked: (linked: () => void) => void = (linked) => linked(),
    given = new GivenToSender(),
    trail: Trail = noTrail,
  ) {
    this.#trail = trail;
    this.#given = given;
    this.#proofs = new PlaceProofs(config.processes.senders);
    this.#link = link;
    this.#whenLinked = whenLinked;
    this.#log = log;
    this.#events = new Events([logListener(log), counters]);
    this.#counters = counters;
    this.#counterPosts = new CounterPosts(counters, (message) => this.#post(message));
    this.#stores = liveStores(config);
    this.#spool = openReaders(this.#stores.all);
    this.#deadlines.start();
    this.#lines = this.#context(config);
    this.#sender = new Sender(this.#lines);
  }

  /** Recent deliveries, for a manager that may not know of them. */
  get delivered(): readonly Delivered[] {
    return this.#delivered.list;
  }

  take(batch: readonly ManagerToSender[]): void {
    this.#isOrphan = false;
    this.#noteWork(batch);
    for (const message of batch) {
      switch (message.kind) {
        case 'connect':
          this.#sender.connect(message);
          break;
        case 'transact':
          this.#sender.transact(message.connection, message.work);
          break;
        case 'close':
          this.#sender.close(message.connection);
          break;
        case 'errand':
          void this.#errand(message);
          break;
        default:
          message satisfies never;
      }
    }
  }

  /** What runs errands is loaded when there is one. */
  async #errand({ id, errand }: RunErrand): Promise<void> {
    const { runErrand } = await import('../../deliver/errand/run-errand.ts');
    this.#post({ kind: 'errandRun', id, outcome: await runErrand(this.#lines, errand) });
  }

  /** One write for all of a batch. */
  #noteWork(batch: readonly ManagerToSender[]): void {
    for (const message of batch) {
      if (message.kind === 'close' || message.kind === 'errand') continue;
      const { connection, work } = message;
      const to = message.kind === 'connect' ? ` to ${message.site}` : '';
      this.#trail.begin('deliver', `${work.queueId}${to}`, connection);
    }
    this.#trail.flush();
  }

  /**
   * The manager is gone, and its successor knows nothing of these connections: it grants nothing until all of them are
   * closed. So transactions in hand get only `orphanGraceMs` to finish. Resolves when no connection is left.
   */
  async managerLost(): Promise<void> {
    this.#isOrphan = true;
    await finishWithin(orphanGraceMs, (done) => this.#sender.finish(done));
    this.#sender.abandon();
  }

  configure(config: Config): Promise<readonly string[]> {
    this.#stores.configure(storeSettings(config));
    followReaders(this.#spool, this.#stores.all);
    this.#lines = this.#context(config);
    this.#sender.reconfigure(this.#lines);
    return Promise.resolve([]);
  }

  drain(): void {
    this.#sender.drain(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    await finishWithin(graceMs, (done) => this.#sender.drain(done));
    this.#sender.abandon();
    // A manager that has just died knows nothing of the last deliveries: its successor reads of them in the hello.
    await finishWithin(lastWordMs, this.#whenLinked);
    this.#deadlines.stop();
    this.#tokenCommands.close();
    this.#given.users.close();
    this.#given.aliases.close();
    this.#spool.close();
    this.#counterPosts.stop();
    this.#link.close();
  }

  #remember(queueId: string, results: readonly AttemptResult[]): void {
    const delivered: number[] = [];
    let relayed: number[] | undefined;
    for (const { result, recipient, relayedTo, onward } of results) {
      // What has to go on may not be stored yet: another manager has to hear of it as a whole.
      if (result !== 'delivered' || onward !== undefined) continue;
      delivered.push(recipient);
      if (relayedTo !== undefined) (relayed ??= []).push(recipient);
    }
    if (delivered.length > 0) this.#delivered.add(queueId, delivered, relayed);
  }

  #post(message: SenderToManager): void {
    if (!this.#isOrphan) this.#link.post(message);
  }

  #context(config: Config): ConnectionContext {
    this.#given.srs.configure(srsSettings(config));
    this.#given.users.configure(config);
    this.#given.aliases.configure(config);
    const reports: DeliveryReports = {
      ready: (connection, tls, depth = 1, way = 'group', mechanism = '') =>
        this.#post({
          kind: 'ready',
          connection,
          ...(tls !== undefined && { tls }),
          ...(depth > 1 && { depth }),
          ...(way !== 'group' && { way }),
          ...(mechanism !== '' && { mechanism }),
        }),
      done: (connection, results, reusable, queueId) => {
        this.#remember(queueId, results);
        this.#trail.end('deliver', queueId, connection);
        this.#post({ kind: 'done', connection, results, reusable });
      },
      closed: (connection, report) => {
        this.#trail.endAll(connection);
        this.#post({ kind: 'closed', connection, report });
      },
    };
    return {
      settings: deliverySettings(config),
      spool: this.#spool,
      deadlines: this.#deadlines,
      dial,
      reports,
      log: new DeliveryLog(
        this.#log,
        this.#events,
        (store) => config.queues[store - 1]?.name,
        this.#counters,
      ),
      proofs: this.#proofs,
      tls: {
        contexts: new ClientContexts(handshakeSettings(config), this.#given.identities),
        sessions: this.#tlsSessions,
        broken: this.#brokenHandshakes,
        matchTlsa,
      },
      logins: {
        credentials: credentialSettings(config),
        secrets: this.#given.secrets,
        salted: this.#saltedPasswords,
        commands: this.#tokenCommands,
      },
      srs: this.#given.srs,
      ways: {
        folder: runFolder(config.spool),
        programs: this.#given.programs,
        systemUsers: this.#given.systemUsers,
        users: this.#given.users,
        aliases: this.#given.aliases,
        room: this.#room,
        warner: laterWarner(config),
      },
    };
  }
}
