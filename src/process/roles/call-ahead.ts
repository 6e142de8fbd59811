// Makes what asks other servers about recipients, from its configuration. A receiver loads this when it is first needed.

import type { CallAheadConfig, Config } from '../../config/config.ts';
import { createDaneLookup } from '../../dane/lookup.ts';
import { matchTlsa } from '../../dane/match-tlsa.ts';
import { AnyRecipient } from '../../deliver/call-ahead/any-recipient.ts';
import { AskingPool } from '../../deliver/call-ahead/asking-pool.ts';
import { CallAhead } from '../../deliver/call-ahead/call-ahead.ts';
import type { FoundServers, VisitLedger } from '../../deliver/call-ahead/call-ahead-types.ts';
import { PrimarySources } from '../../deliver/call-ahead/primary-sources.ts';
import { OpenDomains } from '../../deliver/call-ahead/open-domains.ts';
import type { LineContext } from '../../deliver/connection-context.ts';
import { SaltedPasswords } from '../../deliver/login/salted-passwords.ts';
import { Secrets } from '../../deliver/login/secrets.ts';
import { TokenCommands } from '../../deliver/login/token-commands.ts';
import { PlaceProofs } from '../../deliver/smtp/place-proofs.ts';
import { BrokenHandshakes } from '../../deliver/tls/broken-handshakes.ts';
import { ClientContexts } from '../../deliver/tls/client-contexts.ts';
import { SessionCache } from '../../deliver/tls/session-cache.ts';
import type { DeliveryTimeouts } from '../../deliver/types.ts';
import type { Resolver } from '../../dns/types.ts';
import type { Deadlines } from '../../io/deadlines.ts';
import { dial } from '../../io/dial.ts';
import type { Logger } from '../../log/logger.ts';
import { openResolver } from '../../manager/open-resolver.ts';
import { backupMx, isOwnAddress } from '../../manager/own-addresses.ts';
import type { LearnedRecipients } from '../../policy/backup/types.ts';
import type { KeptSource } from '../../policy/recipients/kept-sources.ts';
import { SourceReports } from '../../policy/recipients/source-reports.ts';
import { createRouter } from '../../route/create-router.ts';
import { isSocketHop } from '../../route/next-hop.ts';
import type { RouteRule, RouteTarget } from '../../route/route-rule.ts';
import type { RoutePlan } from '../../route/types.ts';
import { ownNames } from '../../settings/backup.ts';
import { routeRules } from '../../settings/route-rules.ts';
import { deliverySettings } from '../../settings/settings.ts';
import { handshakeSettings, tlsRules } from '../../settings/tls-rules.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { formatRelayHost } from '../../values/endpoint.ts';
import { formatMailServer } from '../../values/mail-server.ts';

export interface CallAheadPlace {
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly troubles: Troubles;
  /** Remembers recipients of primary servers over restarts. */
  readonly memory: LearnedRecipients;
  /** Counts the connections. */
  readonly visits: VisitLedger;
}

const advice =
  'Look after the servers in call_ahead of [[recipients]], and whether they take MAIL and RCPT from this host; they are asked again by themselves.';

const primaryAdvice =
  'Let the primary server take MAIL and RCPT from this host: it must not block it, greylist it or limit its rate. One that is down needs nothing; it is asked again by itself.';

export function openCallAhead(settings: CallAheadConfig, config: Config, place: CallAheadPlace): KeptSource {
  const resolver = openResolver(config, nowMs);
  const context = lineContext(settings, config, place.deadlines);
  const hopsOf = hopsByRouter(settings, config, resolver, context);
  const open = (name: string, address: string, isPrimary: boolean): CallAhead =>
    sourceOf(settings, place, { name, context, isPrimary, servers: () => hopsOf(address) });
  const source =
    settings.anyRecipient === true
      ? new AnyRecipient(hopsOf)
      : settings.primary === true
        ? new PrimarySources((domain) => open(`the server of ${domain}`, `postmaster@${domain}`, true))
        : open(nameOf(settings), 'postmaster@localhost', false);
  return {
    find: (recipient) => source.find(recipient),
    domainRefusal: async ({ address }) => {
      // Servers that the configuration names are there for all that they are asked for.
      if (settings.anyRecipient !== true && settings.primary !== true) return undefined;
      const found = await hopsOf(address);
      return found.kind === 'nobody' ? found.reply : undefined;
    },
    close: () => {
      source.close();
      context.logins.commands.close();
      resolver.close();
    },
  };
}

interface AskedServers {
  /** For people. */
  readonly name: string;
  readonly context: LineContext;
  readonly servers: () => Promise<FoundServers>;
  readonly isPrimary: boolean;
}

function sourceOf(
  settings: CallAheadConfig,
  { deadlines, log, memory, troubles, visits }: CallAheadPlace,
  { name, context, isPrimary, servers }: AskedServers,
): CallAhead {
  const { connections, sender, timeLimit: timeLimitMs, waiting } = settings;
  const pool = new AskingPool({
    settings: { sender, connections, waiting, timeLimitMs },
    context,
    servers,
    visits,
  });
  return new CallAhead({
    pool,
    cache: {
      knownMs: settings.cacheTime,
      unknownMs: settings.unknownCacheTime,
      staleMs: settings.staleFor,
      entries: settings.cacheSize,
    },
    fullMailbox: settings.fullMailbox,
    reports: new SourceReports({ deadlines, log, troubles }, name, isPrimary ? primaryAdvice : advice),
    memory: isPrimary ? memory : undefined,
    unlearned: settings.unlearned,
    openDomains: new OpenDomains({ name, ask: (address) => pool.ask(address), troubles, log, nowMs }),
    log: { info: (text) => log.info(`recipients by ${name}: ${text}`) },
    nowMs,
  });
}

function nowMs(): number {
  return performance.now();
}

function nameOf({ smtp = [], lmtp = [] }: CallAheadConfig): string {
  return [...smtp.map(formatRelayHost), ...lmtp.map(formatMailServer)].join(', ');
}

/** The ways to the servers, as a route to them has them, with the TLS that it demands. */
function hopsByRouter(
  settings: CallAheadConfig,
  config: Config,
  resolver: Resolver,
  { tls: { contexts } }: Pick<LineContext, 'tls'>,
): (address: string) => Promise<FoundServers> {
  const { deliver, dns } = config;
  const router = createRouter({
    rules: settings.primary === true ? routeRules({ route: config.route }) : [ruleOf(settings)],
    resolver,
    isOwnAddress: isOwnAddress(config),
    ownNames: ownNames(config),
    backup: backupMx(config),
    ipv4: deliver.ipv4,
    ipv6: deliver.ipv6,
    smtpPort: deliver.port,
    tls: {
      defaultLevel: deliver.tls,
      rules: tlsRules(config),
      sts: undefined,
      dane:
        deliver.dane === 'off' || !dns.validating
          ? undefined
          : createDaneLookup({ resolver, ipv4: deliver.ipv4, ipv6: deliver.ipv6 }),
    },
    random: Math.random,
    now: nowMs,
  });
  return async (address) => {
    const { key } = router.routeOf('', address);
    return foundServers(key, await router.resolve(key), contexts);
  };
}

function ruleOf({ smtp = [], lmtp = [], tls }: CallAheadConfig): RouteRule {
  const mode = 'failover';
  const target: RouteTarget =
    smtp.length > 0
      ? { kind: 'smarthost', hosts: smtp, mode, tls }
      : { kind: 'lmtp', servers: lmtp, mode, tls };
  return { name: 'call_ahead', isUnnamed: false, match: { kind: 'default' }, target, logins: [] };
}

function foundServers(key: string, plan: RoutePlan, contexts: ClientContexts): FoundServers {
  if (plan.kind === 'error') {
    const { enhancedStatus: enhanced, permanent, replyCode: code, text } = plan;
    return permanent
      ? { kind: 'nobody', reply: { code, enhanced, text } }
      : { kind: 'failing', reason: text };
  }
  const hops = plan.addresses.filter(isSocketHop);
  const usable = hops.filter(({ tls }) => contexts.has(tls?.settings ?? ''));
  if (usable.length > 0) return { kind: 'found', hops: usable, key, plan };
  const reason = 'the certificate of its [[tls]] is not for receivers, which cannot show it';
  return { kind: 'failing', reason };
}

function lineContext(settings: CallAheadConfig, config: Config, deadlines: Deadlines): LineContext {
  const delivery = deliverySettings(config);
  return {
    settings: { ...delivery, timeouts: shortened(delivery.timeouts, settings.timeLimit / 2) },
    deadlines,
    dial,
    proofs: new PlaceProofs(1),
    tls: {
      contexts: new ClientContexts(handshakeSettings(config)),
      sessions: new SessionCache(),
      broken: new BrokenHandshakes(),
      matchTlsa,
    },
    // No log-in is asked for.
    logins: {
      credentials: new Map(),
      secrets: new Secrets(),
      salted: new SaltedPasswords(),
      commands: new TokenCommands(),
    },
  };
}

/** A client waits: there must be time to ask another server. */
function shortened(timeouts: DeliveryTimeouts, mostMs: number): DeliveryTimeouts {
  const entries = Object.entries(timeouts) as [keyof DeliveryTimeouts, number][];
  return Object.fromEntries(entries.map(([step, ms]) => [step, Math.min(ms, mostMs)])) as Record<
    keyof DeliveryTimeouts,
    number
  >;
}
