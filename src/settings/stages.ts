// The stages that decide about mail, in the order in which they are asked. This is the one place where they are chosen.

import type { Config } from '../config/config.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { pointOfResults } from '../policy/defences/exemptions.ts';
import type { RelayPolicy } from '../policy/relay-policy.ts';
import type { Stage } from '../policy/stage.ts';
import { AuthorRightsStage } from '../policy/stages/author-rights-stage.ts';
import { ClientRulesStage } from '../policy/stages/client-rules-stage.ts';
import { ForgedResultsStage } from '../policy/stages/forged-results-stage.ts';
import { SrsStage } from '../policy/stages/srs-stage.ts';
import type { ProvisionedDomains } from '../policy/provisioning/provisioned-domains.ts';
import { ProvisioningStage } from '../policy/stages/provisioning-stage.ts';
import { RelayStage } from '../policy/stages/relay-stage.ts';
import { QueueQuotaStage } from '../policy/stages/queue-quota-stage.ts';
import { SenderRightsStage } from '../policy/stages/sender-rights-stage.ts';
import { VerificationStage, type VerificationParts } from '../policy/stages/verification-stage.ts';
import { verificationRules } from './verification.ts';
import { TenantStage } from '../policy/stages/tenant-stage.ts';
import type { RoomGate } from '../policy/room/room-gate.ts';
import type { Tenants } from '../policy/tenants.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import type { RuleTable } from '../table/rules/rule-table.ts';
import type { Tables } from '../table/tables.ts';
import { provisioningEvents } from './provisioning-events.ts';
import { configuredStages, type ConfiguredStageParts } from './configured-stages.ts';
import { delayStages } from './delay-stages.ts';
import { type DefenceParts, defenceStages } from './defence-stages.ts';
import { type LateStageParts, lateStages } from './late-stages.ts';
import { queueLimits } from './queue-limits.ts';
import { type RecipientParts, recipientsStage } from './recipients.ts';
import { rateStages } from './rate-stages.ts';
import { rewritingStages } from './rewriting.ts';
import { routeStage } from './route-stage.ts';
import { type TapParts, tapStage } from './taps.ts';
import { DomainSet } from '../values/domain-set.ts';

export interface StageParts {
  readonly relay: RelayPolicy;
  readonly tenants: Tenants;
  /** Room in the queue; undefined where nobody is to be asked. */
  readonly queue: RoomGate | undefined;
  /** With the tables of this configuration. */
  readonly tables: Pick<Tables, 'get'>;
  /** Who knows which recipients exist. */
  readonly recipients: RecipientParts;
  /** Reverses SRS addresses. */
  readonly srs: LiveSrs;
  readonly verification: Pick<VerificationParts, 'lookups' | 'events' | 'aggregate'> &
    Pick<LateStageParts, 'deadlines'>;
  /** Asked where there are rules by name, and for plugins. */
  readonly names: ClientNames;
  readonly clientDefences: DefenceParts;
  readonly tapFiles: TapParts['files'];
  /** The records of domains; undefined: there are none. */
  readonly domains: ProvisionedDomains | undefined;
  readonly configured: Pick<ConfiguredStageParts, 'placesOf' | 'log'> &
    Pick<LateStageParts, 'pluginOf' | 'filterOf' | 'defences'>;
}

function entryOf(stage: Stage | undefined): readonly StageEntry[] {
  return stage === undefined ? [] : [{ stage }];
}

export function stages(
  config: Config,
  {
    relay,
    tenants,
    queue,
    tables,
    recipients,
    srs,
    names,
    verification,
    clientDefences,
    tapFiles,
    configured,
    domains,
  }: StageParts,
): readonly StageEntry[] {
  const { hostname, bounce, login, receive } = config;
  const rewriting = rewritingStages(config, tables);
  return asConfigured(config, [
    // First: it says what the client may do, which others ask for.
    ...clientRulesStage(config, tables, names),
    ...delayStages(config, clientDefences),
    ...(receive.auth === 'none' ? [] : senderStages(login)),
    { stage: new TenantStage(tenants) },
    ...(queue === undefined || queueLimits(config).tenants.size === 0
      ? []
      : [{ stage: new QueueQuotaStage(queue) }]),
    // Before it is asked whether the recipient may be relayed to, and exists.
    ...(config.srs === undefined ? [] : [{ stage: new SrsStage(srs, config.srs.bouncesOnly, Date.now) }]),
    // After it was checked what a user has written, and before plugins see it.
    ...rewriting.early,
    // A plugin may say who may relay, and leave out the checks that follow.
    ...configuredStages(config, { ...configured, relay, names }),
    ...entryOf(domains && new ProvisioningStage(domains, provisioningEvents(verification.events))),
    { stage: new RelayStage(relay, hostname, bounce.postmaster) },
    ...entryOf(recipientsStage(config, recipients)),
    // Those that cost look-ups come after those that do not.
    ...rateStages(config, names, configured.defences),
    ...defenceStages(config, { ...clientDefences, names }),
    ...verificationStages(config, verification),
    // They see what is accepted so far, as it will leave.
    ...lateStages(config, {
      ...configured,
      names,
      deadlines: verification.deadlines,
      events: verification.events,
      isRelayDomain: (domain) => relay.acceptsDomain(domain),
    }),
    ...rewriting.late,
    ...entryOf(routeStage(config)),
    // The last of all: what is refused or discarded gets no copy.
    ...entryOf(
      tapStage(config, {
        events: verification.events,
        files: tapFiles,
        isLocal: (domain) => relay.acceptsDomain(domain),
      }),
    ),
  ]);
}

/** Puts what every [[stage]] may have to it: its name is that of no other. */
function asConfigured({ stage: configured }: Config, entries: readonly StageEntry[]): readonly StageEntry[] {
  const keysOf = new Map(configured.map((each) => [each.name, each]));
  return entries.map((entry) => {
    const keys = keysOf.get(entry.stage.name);
    if (keys === undefined) return entry;
    const queues = 'queue' in keys ? keys.queue : undefined;
    return { ...entry, tenants: keys.tenant, queues, isCounted: true, isTest: keys.testOnly };
  });
}

function clientRulesStage(
  { clients, receive }: Config,
  tables: StageParts['tables'],
  names: ClientNames,
): readonly StageEntry[] {
  const { rules = '' } = clients;
  if (rules === '') return [];
  const table = tables.get(rules) ?? missingRules(rules);
  return [{ stage: new ClientRulesStage(table, names, receive.maxMessageSize) }];
}

function missingRules(name: string): RuleTable {
  return { rules: () => ({ kind: 'failing', reason: `the table ${name} is not open` }) };
}

function senderStages({ senders, subaddress = '', checkFrom }: Config['login']): readonly StageEntry[] {
  if (senders === 'any') return [];
  const envelope = { stage: new SenderRightsStage(senders, subaddress) };
  return checkFrom ? [envelope, { stage: new AuthorRightsStage(senders, subaddress) }] : [envelope];
}

/** Late, so that no look-up is made for mail that is refused anyway, and later changes of the header do not come before it. */
function verificationStages(config: Config, parts: StageParts['verification']): readonly StageEntry[] {
  const rules = verificationRules(config);
  if (rules === undefined) return [];
  const { authservId, timeout, arcSealers } = config.verification;
  const sealers = new DomainSet(arcSealers);
  const { hostname } = config;
  return [
    { stage: new ForgedResultsStage(authservId) },
    {
      stage: new VerificationStage({
        ...parts,
        aggregate: config.reports.dmarc ? parts.aggregate : undefined,
        rules,
        tellsAtData: config.stage.some(
          (stage) => 'exceptResults' in stage && pointOfResults(stage.exceptResults) === 'data',
        ),
        authservId,
        hostname,
        isTrustedSealer: arcSealers.length === 0 ? undefined : (domain) => sealers.has(domain),
        timeLimitMs: timeout,
        nowMs: Date.now,
      }),
    },
  ];
}
