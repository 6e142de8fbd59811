// What the sessions of each listener work with: its settings, its stages, and what all listeners of the process share.

import type { Config } from '../../config/config.ts';
import type { PluginStageConfig } from '../../config/stage-config.ts';
import type { Trail } from '../../crash/trail.ts';
import type { Directory } from '../../directory/types.ts';
import type { Centres } from '../../front/centres.ts';
import type { Deadlines } from '../../io/deadlines.ts';
import type { Events } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import { timedStages } from '../../policy/timed-stage.ts';
import { ClientNames } from '../../policy/client-names.ts';
import { Assignment } from '../../policy/queues/assignment.ts';
import { Pipelines } from '../../policy/pipelines.ts';
import type { RoomGate } from '../../policy/room/room-gate.ts';
import type { DefenceLedger } from '../../policy/defences/types.ts';
import type { SendingGate } from '../../policy/sending/sending-gate.ts';
import type { StageWatch } from '../../policy/stage-watch.ts';
import type { Tenants } from '../../policy/tenants.ts';
import type { GuessCounts } from '../../receive/guess-counts.ts';
import type { HandshakeLimits } from '../../receive/handshake-limits.ts';
import { MemoryBudget } from '../../receive/memory-budget.ts';
import { ReceiveLog } from '../../receive/receive-log.ts';
import type { StorePlace } from '../../receive/store-places.ts';
import type { Intake } from '../../receive/types.ts';
import type { DefenceParts } from '../../settings/defence-stages.ts';
import { filterClients, qmqpClients } from '../../policy/stages/own-clients-stage.ts';
import { measuredDelays } from '../../settings/diversions.ts';
import { routesSignedLater } from '../../settings/content-filter.ts';
import { tokenHints } from '../../settings/directory.ts';
import { listenerSecurity } from '../../settings/listener-security.ts';
import type { ContextOf } from '../../settings/listeners.ts';
import { routeNames } from '../../settings/route-rules.ts';
import { provisionedDomains } from '../../settings/provisioning.ts';
import { assignmentRules } from '../../settings/queues.ts';
import { ProvisionedQueues } from '../../policy/provisioning/provisioned-queues.ts';
import { receiveSettings, relayPolicy } from '../../settings/settings.ts';
import { stages } from '../../settings/stages.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import type { LiveSrs } from '../../srs/live-srs.ts';
import type { Tables } from '../../table/tables.ts';
import type { LiveCertificates } from '../../tls/live-certificates.ts';
import type { AggregatedMail } from '../../verification/aggregate-row.ts';
import type { LiveResolver } from './live-resolver.ts';
import type { FilterHosts } from './filter-hosts.ts';
import type { PluginHosts } from './plugin-hosts.ts';
import type { RecipientSources } from './recipient-sources.ts';
import type { StageWithPlaces } from '../../settings/configured-stages.ts';
import type { LiveDiversions } from '../../policy/queues/live-diversions.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import { placesOf } from './store-places.ts';
import type { StagePlaces } from './stage-places.ts';
import type { TapWatch } from './tap-watch.ts';

/** What the contexts are made with. A reload does not replace it. */
export interface ContextParts {
  readonly stores: { readonly places: readonly [StorePlace, ...StorePlace[]] };
  readonly diversions: LiveDiversions;
  readonly intake: Intake;
  /** The central servers of a front end; undefined where mail is stored here. */
  readonly centres?: Centres | undefined;
  readonly deadlines: Deadlines;
  readonly tenants: Tenants;
  readonly sending: SendingGate;
  readonly quarantine: RoomGate;
  readonly queue: RoomGate;
  readonly defences: DefenceLedger;
  readonly guesses: GuessCounts;
  readonly tables: Tables;
  readonly directory: Directory;
  readonly resolver: LiveResolver;
  readonly signing: Signing;
  readonly srs: LiveSrs;
  readonly stageWatch: StageWatch;
  readonly log: Logger;
  readonly events: Events;
  /** Takes what is to be in reports of DMARC. */
  readonly collector: { add(mail: AggregatedMail): void };
  readonly certificates: LiveCertificates;
  readonly handshakes: HandshakeLimits;
  readonly taps: Pick<TapWatch, 'files'>;
  readonly stagePlaces: StagePlaces;
  readonly plugins: Pick<PluginHosts, 'stageOf'>;
  readonly filters: Pick<FilterHosts, 'of'>;
  readonly clientDefences: DefenceParts;
  readonly recipientSources: Pick<RecipientSources, 'parts'>;
  readonly trail: Trail | undefined;
}

/** Makes the contexts of all listeners of one configuration; they share the budget of memory. */
export function receiverContexts(config: Config, parts: ContextParts): ContextOf {
  const { intake, deadlines, tenants, sending, guesses, tables, directory, events } = parts;
  const { certificates, collector, handshakes, resolver, signing, srs, stagePlaces, log, trail } = parts;
  const shared = {
    sending,
    quarantine: parts.quarantine,
    queue: parts.queue,
    guesses: config.receive.unknownRecipientRatePerClient === undefined ? undefined : guesses,
    intake,
    front: parts.centres,
    memory: new MemoryBudget(config.receive.memoryLimit),
    deadlines,
    log: new ReceiveLog(events),
    signing,
    trail,
    ...(config.diversion.some(({ per }) => per === 'client') && { tellsClient: true }),
  };
  const signsLater = routesSignedLater(config);
  const assignment = new Assignment(assignmentRules(config));
  const numbers = parts.stores.places.map(({ queue = defaultQueue }, number) => [queue, number] as const);
  const delays = measuredDelays(config);
  const { tallies } = parts.clientDefences;
  parts.diversions.configure(new Map(numbers));
  const domains = provisionedDomains(config, tables);
  const records = domains === undefined ? [] : [new ProvisionedQueues(domains, new Map(numbers))];
  const choosers = [parts.diversions, ...records, assignment];
  return (ofListener, protocol, fromFilter, name = '') => {
    const relay = relayPolicy(ofListener);
    const stageParts = {
      relay,
      tenants,
      queue: fromFilter === undefined ? parts.queue : undefined,
      tables,
      recipients: parts.recipientSources.parts,
      srs,
      names: new ClientNames(resolver, deadlines),
      verification: {
        lookups: resolver,
        deadlines,
        events,
        aggregate: (mail: AggregatedMail) => collector.add(mail),
      },
      clientDefences: parts.clientDefences,
      tapFiles: parts.taps.files,
      domains,
      configured: {
        placesOf: (stage: StageWithPlaces) => stagePlaces.of(stage),
        pluginOf: (stage: PluginStageConfig) => parts.plugins.stageOf(stage),
        filterOf: (name: string) => parts.filters.of(name),
        defences: parts.defences,
        log,
      },
    };
    const pipelines = new Pipelines(
      [
        ...(fromFilter === undefined ? [] : [{ stage: filterClients }]),
        ...timedStages(stages(ofListener, stageParts), delays, { deadlines, tallies }),
        // Behind the rules for clients, which may let them relay.
        ...(protocol === 'qmqp' ? [{ stage: qmqpClients }] : []),
      ],
      parts.stageWatch,
      routeNames(config.route),
    );
    const tls = listenerSecurity(ofListener, certificates, handshakes);
    const settings = receiveSettings(ofListener, protocol);
    const isRequired = ofListener.receive.auth === 'required';
    const logins = { directory, isRequired, hints: tokenHints(config) };
    const auth = settings.session.auth === undefined ? undefined : logins;
    const etrn = settings.session.etrn === true ? parts.defences : undefined;
    const places = placesOf(parts.stores.places, choosers, name);
    const context = { ...shared, places, settings, tls, relay, pipelines, auth, etrn };
    if (fromFilter === undefined) return { ...context, signsLater };
    // What was counted is not counted once more, and the filter's mail always finds room: it is in the queue already.
    return {
      ...context,
      sending: undefined,
      queue: undefined,
      signing: fromFilter === 'outgoing' ? signing : undefined,
    };
  };
}
