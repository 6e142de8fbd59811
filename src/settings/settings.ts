// Converts the configuration to the settings of each room.

import { randomInt } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { HostQuirks } from '../deliver/smtp/host-quirks.ts';
import { quirkRules } from './quirk-rules.ts';
import type { DeliverySettings } from '../deliver/types.ts';
import { RelayPolicy } from '../policy/relay-policy.ts';
import { DomainSet } from '../values/domain-set.ts';
import { NetworkSet } from '../values/network-set.ts';
import { mostByData } from '../values/pipelining.ts';
import type { ServerSessionOptions } from '../protocol/smtp/server/server-types.ts';
import type { GuessLimit } from '../receive/guess-counts.ts';
import type { ReceiveSettings } from '../receive/types.ts';
import { tokenMechanisms } from '../sasl/mechanisms.ts';
import type { SchedulerConfig } from '../schedule/types.ts';
import { backupPatterns, ownNames, takesEtrn } from './backup.ts';
import { deliveryStages } from './delivery-points.ts';
import { limitRules } from './limit-rules.ts';
import { scheduleRules } from './mail-schedules.ts';
import type { BounceSettings } from '../bounce/bounce-settings.ts';
import { TextChoice } from '../bounce/texts/text-choice.ts';
import { ownQueues } from './queues.ts';
import { reactionRules } from './reaction-rules.ts';

export { formerRuleIds, limitRules } from './limit-rules.ts';

/** @param protocol - of the listener */
export function receiveSettings(
  config: Config,
  protocol: ServerSessionOptions['protocol'] = 'smtp',
): ReceiveSettings {
  const { receive } = config;
  // The receivers share one port, and the kernel distributes clients evenly: each gets its share of the limits.
  const share = (limit: number) => Math.ceil(limit / config.processes.receivers);
  return {
    hostname: config.hostname,
    postmaster: config.bounce.postmaster,
    session: sessionFor(protocol, {
      protocol,
      hostname: config.hostname,
      greeting: receive.greeting,
      maxMessageBytes: receive.maxMessageSize,
      maxRecipients: receive.maxRecipients,
      maxErrors: receive.maxErrors,
      maxCommandLineBytes: receive.maxCommandLine,
      maxTextLineBytes: receive.maxTextLine,
      maxTransactions: receive.maxTransactions,
      bareNewlines: receive.bareNewlines,
      startTls: receive.tls === 'offered' || receive.tls === 'required' ? receive.tls : undefined,
      auth: authOffer(config, protocol),
      etrn: protocol === 'smtp' && takesEtrn(config),
      tellsUnrecognized: config.stage.some(({ kind }) => kind === 'milter'),
      extensions: {
        pipelining: receive.extensions.pipelining,
        chunking: receive.extensions.chunking,
        smtpUtf8: receive.extensions.smtputf8,
        eightBitMime: receive.extensions.eightBitMime,
        dsn: receive.extensions.dsn,
        size: receive.extensions.size,
        vrfy: receive.extensions.vrfy,
        mtPriority: receive.extensions.mtPriority,
      },
    }),
    maxReceived: receive.maxReceived,
    priorityHeader: receive.priorityHeader ?? '',
    commandTimeoutMs: receive.timeoutCommand,
    dataTimeoutMs: receive.timeoutData,
    sessionTimeoutMs: receive.timeoutSession,
    largeMessageBytes: config.front.servers.length > 0 ? config.front.heldMessage : receive.largeMessage,
    memoryLimitBytes: receive.memoryLimit,
    maxConnections: share(receive.maxConnections),
    maxConnectionsPerClient: share(receive.maxConnectionsPerClient),
    connectionRatePerClient: {
      count: share(receive.connectionRatePerClient.count),
      perMs: receive.connectionRatePerClient.perMs,
    },
    guessing: {
      free: receive.unknownRecipientsFree,
      delayMs: receive.unknownRecipientDelay,
      most: receive.maxUnknownRecipients,
      awaitsProof:
        receive.auth !== 'none' || receive.relayCertificates.length > 0 || receive.relayCa !== undefined,
    },
  };
}

/** Longer than any command that a session of QMQP or QMTP says to itself. */
const packageLineBytes = 4_096;

/** What a session of QMQP or QMTP says to itself it may always say; its client has no part in it. */
function sessionFor(
  protocol: ServerSessionOptions['protocol'],
  options: ServerSessionOptions,
): ServerSessionOptions {
  if (protocol !== 'qmqp' && protocol !== 'qmtp') return options;
  return {
    ...options,
    maxErrors: 0,
    maxCommandLineBytes: Math.max(options.maxCommandLineBytes, packageLineBytes),
    startTls: undefined,
    tellsUnrecognized: false,
    extensions: { ...options.extensions, chunking: true, eightBitMime: true, size: true, vrfy: false },
  };
}

/** How many unknown recipients a client may name at one receiver process; undefined for no limit. */
export function guessLimit({ receive, processes }: Config): GuessLimit | undefined {
  const { unknownRecipientRatePerClient: rate, unknownRecipientRest: restMs } = receive;
  if (rate === undefined) return undefined;
  return { rate: { count: Math.ceil(rate.count / processes.receivers), perMs: rate.perMs }, restMs };
}

/** @returns undefined where there are no log-ins */
export function authOffer(
  { login, receive, tokenIssuer }: Config,
  protocol: ServerSessionOptions['protocol'],
): ServerSessionOptions['auth'] {
  if (receive.auth === 'none' || (protocol ?? 'smtp') !== 'smtp') return undefined;
  const inClear: readonly string[] = login.mechanismsInClear;
  const clear = login.mechanisms.filter((name) => inClear.includes(name));
  const impossible: ReadonlySet<string> = new Set([
    ...(tokenIssuer.length === 0 ? tokenMechanisms : []),
    ...(receive.loginCa === undefined ? ['EXTERNAL'] : []),
  ]);
  const secure = login.mechanisms.filter((name) => !impossible.has(name));
  return { clear, secure };
}

export function relayPolicy(config: Config): RelayPolicy {
  const { relayNetworks, relayDomains } = config.receive;
  const domains = new DomainSet([...relayDomains, ...backupPatterns(config)]);
  // A pattern such as "*.example.com" names domains of which nobody knows whether they have mail: their parent may have.
  const [main] = [...relayDomains.filter(({ kind }) => kind === 'exact'), ...relayDomains];
  const mainDomain = domains.has(config.hostname) ? config.hostname : main?.domain;
  return new RelayPolicy(new NetworkSet(relayNetworks), domains, mainDomain);
}

export function exemptClients(config: Config): NetworkSet {
  return new NetworkSet(config.receive.clientLimitsExempt);
}

export function deliverySettings(config: Config): DeliverySettings {
  const { deliver, source } = config;
  return {
    heloName: deliver.heloName,
    // By DATA two can be on the way at once. The third one is at hand when the content of the second can leave, and leaves with it.
    pipelineDepth: { data: deliver.pipelineDepth ?? mostByData, chunking: deliver.pipelineDepth ?? 4 },
    heloNames: new Map(source.map(({ address, heloName }) => [address, heloName])),
    ownNames: new Set(ownNames(config).map((name) => name.toLowerCase())),
    quirks: new HostQuirks(quirkRules(config)),
    ...(deliveryStages(config, 'attempt').length > 0 && { tellsAttempts: true }),
    timeouts: {
      connectMs: deliver.timeoutConnect,
      greetingMs: deliver.timeoutGreeting,
      heloMs: deliver.timeoutHelo,
      handshakeMs: deliver.timeoutHandshake,
      mailMs: deliver.timeoutMail,
      rcptMs: deliver.timeoutRcpt,
      dataMs: deliver.timeoutData,
      blockMs: deliver.timeoutBlock,
      finalMs: deliver.timeoutFinal,
      rsetMs: deliver.timeoutRset,
      quitMs: deliver.timeoutQuit,
    },
  };
}

/** @param seed - of the scheduler's random choices; by default a new one at each start */
export function schedulerConfig(config: Config, seed = randomInt(2 ** 31)): SchedulerConfig {
  const { queue, deliver } = config;
  return {
    retryMs: queue.retry,
    retryJitter: queue.retryJitter,
    lifetimeMs: queue.lifetime,
    bounceLifetimeMs: queue.bounceLifetime,
    schedules: scheduleRules(config),
    idleConnectionMs: deliver.idleConnection,
    recipientsPerTransaction: deliver.recipientsPerTransaction,
    transactionsPerConnection: deliver.transactionsPerConnection,
    addressRestMs: deliver.addressRest,
    sourceRestMs: deliver.sourceRest,
    limits: {
      global: deliver.maxConnections,
      local: deliver.maxLocal,
      unanswered: deliver.maxUnanswered,
      unansweredPolicy: {
        afterMs: deliver.unansweredAfter,
        extraConnections: deliver.unansweredExtra,
        giveUpMs: deliver.unansweredGiveUp,
        patientOneIn: deliver.unansweredPatientOneIn,
        patientLeast: deliver.unansweredPatientLeast,
      },
      rules: limitRules(config),
    },
    sources: config.source.length === 0 ? [''] : config.source.map(({ address }) => address),
    weights: new Map(config.tenant.map(({ name, weight }) => [name, weight])),
    queues: ownQueues(config),
    adapt: { enabled: config.adapt.enabled, startConnections: config.adapt.startConnections },
    reactions: reactionRules(config),
    seed,
  };
}

export function bounceSettings(config: Config): BounceSettings {
  const { bounce } = config;
  return {
    hostname: config.hostname,
    from: bounce.from,
    postmaster: bounce.postmaster,
    maxOriginalBytes: bounce.maxOriginalSize,
    texts: new TextChoice({
      own: bounce.ownTexts,
      language: bounce.language,
      followsOriginal: bounce.originalLanguage,
      tenants: new Map(
        config.tenant.flatMap(({ name, language }) => (language === undefined ? [] : [[name, language]])),
      ),
    }),
    tenant: bounce.tenant,
    route: bounce.route,
    warnAfterMs: bounce.warnAfter.toSorted((one, other) => one - other),
    scheduledWarnAfterMs: config.schedule
      .flatMap(({ warnAfter = [] }) => warnAfter)
      .toSorted((one, other) => one - other),
  };
}
