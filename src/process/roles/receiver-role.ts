// The receiver role: listeners and sessions, policy, and spool segments of its own. It knows nothing of the scheduler.

import type { Config } from '../../config/config.ts';
import type { Trail } from '../../crash/trail.ts';
import { Deadlines } from '../../io/deadlines.ts';
import { nodeTimers } from '../../io/timers.ts';
import { formatListenAddress } from '../../values/listen-address.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import { Events, logListener } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import { HandshakeLimits } from '../../receive/handshake-limits.ts';
import { type Bind, bindHere } from '../../receive/bind.ts';
import { Receiver } from '../../receive/receiver.ts';
import type { ReceiveSettings } from '../../receive/types.ts';
import { DelayStates } from '../../policy/delays/delay-states.ts';
import { KnownLists } from '../../policy/dns-lists/known-lists.ts';
import { StageTallies } from '../../policy/stage-tally.ts';
import { StageWatch } from '../../policy/stage-watch.ts';
import { GuessCounts } from '../../receive/guess-counts.ts';
import { RoomGate } from '../../policy/room/room-gate.ts';
import type { RoomLedgers } from '../../policy/room/types.ts';
import { SendingGate } from '../../policy/sending/sending-gate.ts';
import type { SendingLedger } from '../../policy/sending/types.ts';
import type { DefenceLedger } from '../../policy/defences/types.ts';
import { Tenants } from '../../policy/tenants.ts';
import type { VisitLedger } from '../../deliver/call-ahead/call-ahead-types.ts';
import { LiveDiversions } from '../../policy/queues/live-diversions.ts';
import { FullMailboxes } from '../../policy/recipients/full-mailboxes.ts';
import type { Directory } from '../../directory/types.ts';

import { openTable } from '../../table/open-table.ts';
import { Tables } from '../../table/tables.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import type { LiveSrs } from '../../srs/live-srs.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { receiverTables } from '../../settings/receiver-tables.ts';
import { clientsWithinCapacity } from '../../settings/capacity.ts';
import { DmarcCollector } from '../../reports/dmarc-collector.ts';
import type { Link } from '../../channel/link.ts';
import { CounterPosts } from '../../channel/counter-posts.ts';
import type { CountersSoFar } from '../../channel/count-messages.ts';
import type { Aggregated, RoleFacts, RoleStart, Submitted } from '../../channel/messages.ts';
import type { LiveCertificates } from '../../tls/live-certificates.ts';
import type { Role } from '../role.ts';
import { usedLists } from '../../settings/defence-stages.ts';
import { incomingStages } from '../../settings/delivery-points.ts';
import { listenersOf, type ReceiverPlace } from '../../settings/listeners.ts';
import { frontSettings } from '../../settings/front.ts';
import { handshakeLimits } from '../../settings/listener-security.ts';
import { quarantineLimits } from '../../settings/quarantine.ts';
import { queueLimits } from '../../settings/queue-limits.ts';
import { sendingRules } from '../../settings/sending-rules.ts';
import { guessLimit, receiveSettings } from '../../settings/settings.ts';
import { srsSettings } from '../../settings/srs.ts';
import { capacityHere } from '../../settings/system-facts.ts';
import { finishWithin } from './finish-within.ts';
import { takeFrom } from './given-sockets.ts';
import { LiveResolver } from './live-resolver.ts';
import { ManagerIntake } from './manager-intake.ts';
import { RecipientSources } from './recipient-sources.ts';
import { FrontStores, noIntake } from './front-stores.ts';
import { FilterHosts } from './filter-hosts.ts';
import { PluginHosts } from './plugin-hosts.ts';
import { StagePlaces } from './stage-places.ts';
import { type ContextParts, receiverContexts } from './receiver-contexts.ts';
import { receiverSlot } from './slots.ts';
import { ReceiverStores } from './store-places.ts';
import { TapWatch } from './tap-watch.ts';
import type { TrialDesk } from './trial-desk.ts';

/** What a receiver is given by its process. */
export interface ReceiverRoleParts {
  readonly link: Link<Submitted | CountersSoFar | Aggregated>;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly counters: EventCounters;
  readonly certificates: LiveCertificates;
  readonly directory: Directory;
  /** Counts what is handed in. */
  readonly sending: SendingLedger;
  /** Count what is in quarantine and in the queue. */
  readonly room: RoomLedgers;
  /** Remembers and counts for the defences. */
  readonly defences: DefenceLedger & VisitLedger;
  readonly signing: Signing;
  readonly srs: LiveSrs;
  readonly trail?: Trail;
  /** Those that take no more mail; undefined: nobody tells of them. */
  readonly mailboxes?: FullMailboxes;
  /** Undefined: nothing is diverted. */
  readonly diversions?: LiveDiversions;
  /** Undefined where nobody tries anything. */
  readonly trials?: TrialDesk;
}

/** Objects that a reload does not replace. */
interface Parts extends ContextParts {
  readonly plugins: PluginHosts;
  readonly filters: FilterHosts;
  readonly stores: ReceiverStores | FrontStores;
  readonly link: Link<Submitted>;
  readonly counterPosts: CounterPosts;
  readonly collector: DmarcCollector;
  readonly troubles: Troubles;
  readonly recipientSources: RecipientSources;
  readonly taps: TapWatch;
  readonly trials: TrialDesk | undefined;
}

export class ReceiverRole implements Role {
  readonly facts: RoleFacts;
  readonly #receiver: Receiver;
  readonly #place: ReceiverPlace;
  readonly #parts: Parts;

  private constructor(facts: RoleFacts, receiver: Receiver, place: ReceiverPlace, parts: Parts) {
    this.facts = facts;
    this.#receiver = receiver;
    this.#place = place;
    this.#parts = parts;
  }

  /** @param bind - binds TCP ports. @throws {StartError} when a port cannot be had, {SpoolError} when the spool cannot be written. */
  static async start(
    config: Config,
    { index, handed = [] }: Pick<RoleStart, 'index' | 'handed'>,
    given: ReceiverRoleParts,
    bind: Bind = bindHere,
  ): Promise<ReceiverRole> {
    const { link, log, troubles, counters, certificates, directory, sending: ledger, signing, srs } = given;
    const tenants = new Tenants(config.tenant);
    const sending = new SendingGate(ledger);
    sending.configure(sendingRules(config));
    const quarantine = new RoomGate(given.room.quarantine);
    quarantine.configure(quarantineLimits(config));
    const queue = new RoomGate(given.room.queue);
    queue.configure(queueLimits(config));
    const guesses = new GuessCounts();
    guesses.configure(guessLimit(config));
    const tables = new Tables({ log, troubles }, openTable);
    tables.configure(receiverTables(config));
    srs.configure(srsSettings(config));
    const deadlines = new Deadlines();
    deadlines.start();
    const front = frontSettings(config);
    const slot = receiverSlot(index);
    const stores =
      front === undefined
        ? await ReceiverStores.open(config, slot, { log, troubles })
        : new FrontStores(front, slot, deadlines, { log, troubles });
    const resolver = new LiveResolver(config);
    const plugins = new PluginHosts({ log, troubles, timers: nodeTimers, resolver });
    await plugins.configure({ stage: incomingStages(config), spool: config.spool });
    const events = new Events([logListener(log), counters]);
    const tallies = new StageTallies(counters);
    const stageWatch = new StageWatch({ deadlines, log, troubles, events, tallies });
    const parts: Parts = {
      stores,
      diversions: given.diversions ?? new LiveDiversions(),
      intake: front === undefined ? new ManagerIntake(link) : noIntake,
      centres: stores instanceof FrontStores ? stores.centres : undefined,
      deadlines,
      tenants,
      sending,
      quarantine,
      queue,
      defences: given.defences,
      guesses,
      tables,
      directory,
      resolver,
      signing,
      srs,
      stageWatch,
      link,
      log,
      events,
      counterPosts: new CounterPosts(counters, (message) => link.post(message)),
      collector: new DmarcCollector({
        timers: nodeTimers,
        post: (portion) => link.post({ kind: 'aggregated', ...portion }),
        isCongested: () => link.congested,
      }),
      troubles,
      certificates,
      handshakes: new HandshakeLimits(handshakeLimits(config)),
      taps: new TapWatch({ events, log, timers: nodeTimers, index }),
      stagePlaces: new StagePlaces(),
      clientDefences: {
        delays: new DelayStates(deadlines),
        lists: new KnownLists({ resolver, deadlines, log, troubles }),
        resolver,
        deadlines,
        tallies,
      },
      plugins,
      filters: new FilterHosts({ log, troubles, timers: nodeTimers, nowMs: Date.now }),
      recipientSources: new RecipientSources({
        tables,
        directory,
        deadlines,
        log,
        troubles,
        memory: given.defences,
        visits: given.defences,
        mailboxes: given.mailboxes ?? new FullMailboxes(() => 0),
      }),
      trail: given.trail,
      trials: given.trials,
    };
    const place = { index, receivers: config.processes.receivers };
    const receiver = new Receiver(sharedSettings(config), {
      log,
      troubles,
      timers: nodeTimers,
      bind,
      handed: takeFrom(handed),
    });
    const listening: string[] = [];
    const role = new ReceiverRole({ listening }, receiver, place, parts);
    parts.taps.configure(config);
    parts.filters.configure(config);
    try {
      const listeners = listenersOf(config, place, receiverContexts(config, parts));
      parts.trials?.use(listeners, stageWatch, config);
      const addresses = await receiver.start(listeners);
      for (const [at, { facts }] of listeners.entries()) {
        const address = addresses[at];
        if (facts.kind !== 'submission' && address !== undefined)
          listening.push(formatListenAddress(address));
      }
    } catch (error) {
      await role.stop(0);
      throw error;
    }
    return role;
  }

  configure(config: Config): Promise<readonly string[]> {
    this.#parts.tenants.configure(config.tenant);
    this.#parts.sending.configure(sendingRules(config));
    this.#parts.quarantine.configure(quarantineLimits(config));
    this.#parts.queue.configure(queueLimits(config));
    this.#parts.guesses.configure(guessLimit(config));
    this.#parts.tables.configure(receiverTables(config));
    this.#parts.srs.configure(srsSettings(config));
    this.#parts.resolver.configure(config);
    this.#parts.handshakes.configure(handshakeLimits(config));
    const loaded = this.#parts.plugins.configure({ stage: incomingStages(config), spool: config.spool });
    // Queues that are new are there before the contexts are made; what stops is closed meanwhile.
    const closed = this.#parts.stores.configure(config);
    const opened = loaded === undefined ? this.#listen(config) : loaded.then(() => this.#listen(config));
    return closed.then(() => opened);
  }

  #listen(config: Config): Promise<readonly string[]> {
    this.#parts.taps.configure(config);
    this.#parts.filters.configure(config);
    const listeners = listenersOf(config, this.#place, receiverContexts(config, this.#parts));
    this.#parts.trials?.use(listeners, this.#parts.stageWatch, config);
    this.#parts.recipientSources.sweep();
    this.#parts.clientDefences.lists.keep(usedLists(config));
    return this.#receiver.configure(sharedSettings(config), listeners);
  }

  drain(): void {
    this.#receiver.drain(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    await finishWithin(graceMs, (done) => this.#receiver.drain(done));
    this.#receiver.abandon();
    this.#parts.deadlines.stop();
    this.#parts.stores.stopWatching();
    await this.#parts.plugins.close();
    await this.#parts.filters.close();
    this.#parts.taps.stop();
    this.#parts.resolver.close();
    await this.#parts.recipientSources.close();
    await this.#parts.tables.close();
    await this.#parts.stores.close();
    this.#parts.counterPosts.stop();
    this.#parts.collector.stop();
    this.#parts.link.close();
  }
}

/** The settings of [receive]: the limits of all listeners together are among them. */
function sharedSettings(config: Config): ReceiveSettings {
  return clientsWithinCapacity(receiveSettings(config), config.processes.receivers, capacityHere(config));
}
