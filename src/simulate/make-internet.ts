// An internet from models of destinations: a domain gets its zone and hosts when it is first looked up. A domain without a
// model has a healthy host of its own; domains of the big providers share the hosts that they have in reality.

import type { RouteRule, RouteTarget } from '../route/route-rule.ts';
import { discarding } from '../route/discarding.ts';
import { isLocalWay, planOfWay } from '../route/local-ways.ts';
import { discardHop, smtpHop, socketHop } from '../route/next-hop.ts';
import { siteOf, type SiteHost } from '../route/site.ts';
import type { ErrorPlan, NextHopAddress, RelayPlan } from '../route/types.ts';
import { Random } from '../schedule/store/random.ts';
import { endpointText } from '../values/hop-endpoint.ts';
import type { LocalWay } from '../values/local-way.ts';
import { formatMailServer } from '../values/mail-server.ts';
import { addressAfter, addressesOf, isAddress, madeUpAddress } from './addresses.ts';
import type { DestinationModel, ExchangeModel } from './destination-model.ts';
import type { HostOptions } from './host.ts';
import { Internet, steady, type Site, type Zone, type ZoneMaker } from './internet.ts';
import { makeTraits } from './make-traits.ts';
import { chanceOf, DestinationMatcher } from './match-destination.ts';
import { providers, type Provider } from './well-known.ts';

/** Port of all MX hosts (RFC 5321 4.5.4.2). */
const smtpPort = 25;
const mostAddresses = 256;
/** A server on this machine. */
const nearby: Partial<HostOptions> = { latencyMs: 1, bytesPerMs: 100_000 };
/** The round trip to a host without a model takes 20 to 300 ms. */
const nearestMs = 20;
const farthest = 15;

export interface InternetMakerOptions {
  readonly models: readonly DestinationModel[];
  /** A rule of the routing table, by the route key's part before the domain. */
  readonly ruleOf: (key: string) => RouteRule | undefined;
  readonly seed: number;
  readonly startMs: number;
}

/** An MX host and its addresses. */
interface Exchange extends ExchangeModel {
  readonly ips: readonly string[];
}

/** @throws {SimulationError} when two models are for the same */
export function makeInternet(options: InternetMakerOptions): Internet {
  const maker = new InternetMaker(options);
  return maker.internet;
}

class InternetMaker implements ZoneMaker {
  readonly internet: Internet;
  readonly #options: InternetMakerOptions;
  readonly #random: Random;
  readonly #matcher: DestinationMatcher;
  readonly #providerOf = new Map<string, Provider>();
  /** Of destinations that several domains share. */
  readonly #shared = new Map<DestinationModel | Provider, readonly Exchange[]>();
  readonly #byHost = new Map<string, readonly string[]>();
  #madeUp = 0;

  constructor(options: InternetMakerOptions) {
    this.#options = options;
    this.#random = new Random(options.seed ^ 0x1e7);
    this.#matcher = new DestinationMatcher(options.models, options.seed);
    this.internet = new Internet(this.#random, this);
    for (const provider of providers)
      for (const domain of provider.domains) this.#providerOf.set(domain, provider);
    this.internet.addHost(discardHop.key, { latencyMs: 0 });
    // A smarthost may be one of the hosts of these destinations.
    for (const model of options.models) if (model.mx !== undefined) this.#exchangesOf(model, model.mx);
  }

  zone(domain: string): Zone {
    const provider = this.#providerOf.get(domain);
    const named = this.#matcher.named(domain);
    if (provider !== undefined && named?.mx === undefined) {
      // A model for one domain of a provider holds for all of them: they have the same hosts.
      const model = named ?? provider.domains.map((name) => this.#matcher.named(name)).find(Boolean);
      return this.#zoneOf(domain, this.#exchangesOfProvider(provider, model), model);
    }
    const model = named ?? this.#matcher.unnamed(domain);
    if (model?.mx !== undefined) return this.#zoneOf(domain, this.#exchangesOf(model, model.mx), model);
    const host = `mx.${domain}`;
    return this.#zoneOf(domain, [{ host, preference: 10, ips: [this.#newHost(host, model)] }], model);
  }

  rulePlan(key: string): RelayPlan | ErrorPlan | undefined {
    const rule = this.#options.ruleOf(key);
    const target = rule?.target;
    if (target?.kind === 'error') {
      const { replyCode, enhancedStatus, text } = target;
      return { kind: 'error', permanent: replyCode >= 500, replyCode, enhancedStatus, text };
    }
    if (target?.kind === 'discard') return discarding.plan;
    if (rule !== undefined && isLocalWay(rule.target)) return this.#wayPlan(rule, rule.target);
    if (target !== undefined && 'servers' in target) return this.#serversPlan(target);
    if (target?.kind !== 'smarthost') return undefined;
    const hosts = target.hosts.map(({ host, port }, index) => ({
      host: bare(host),
      port,
      preference: target.mode === 'failover' ? index : 0,
    }));
    const names = hosts.map(({ host, port, preference }) => ({ name: `${host}:${port}`, preference }));
    const { site, label } = siteOf('relay', names, '');
    const addresses = hosts.flatMap(({ host, port, preference }) =>
      this.#ipsOf(host).map((ip) => smtpHop(host, ip, port, preference)),
    );
    return { kind: 'relay', site, label, addresses: addresses.sort(byPreference) };
  }

  /** What stays on this host: nothing of it can be refused in a simulation. */
  #wayPlan(rule: RouteRule, way: LocalWay): RelayPlan | ErrorPlan {
    const { plan } = planOfWay(rule, way);
    if (plan.kind === 'relay')
      for (const { key } of plan.addresses)
        if (this.internet.host(key) === undefined) this.internet.addHost(key, { latencyMs: 0 });
    return plan;
  }

  #serversPlan({ kind, servers, mode }: Extract<RouteTarget, { readonly servers: unknown }>): RelayPlan {
    const names: SiteHost[] = [];
    const addresses: NextHopAddress[] = [];
    for (const [index, server] of servers.entries()) {
      const preference = mode === 'failover' ? index : 0;
      names.push({ name: formatMailServer(server), preference });
      if (server.kind === 'unix') {
        const hop = socketHop(kind, server, endpointText(server), preference);
        if (this.internet.host(hop.key) === undefined) this.internet.addHost(hop.key, nearby);
        addresses.push(hop);
        continue;
      }
      const { host, port } = server;
      for (const ip of this.#ipsOf(host))
        addresses.push(socketHop(kind, { kind: 'tcp', ip, port }, host, preference));
    }
    const { site, label } = siteOf(kind, names, '');
    return { kind: 'relay', site, label, addresses: addresses.sort(byPreference) };
  }

  #zoneOf(domain: string, exchanges: readonly Exchange[], model: DestinationModel | undefined): Zone {
    const site = siteFor(domain, exchanges, '');
    if (model?.dns === undefined) return steady(site);
    const { changes, fails, null_mx: isNull, ttl } = model.dns;
    const other = changes === undefined ? site : siteFor(domain, exchanges.toReversed(), 'new.');
    const { startMs } = this.#options;
    const at = (nowMs: number): Site | undefined => {
      if (isNull) return undefined;
      const isOther = changes !== undefined && Math.floor((nowMs - startMs) / changes) % 2 === 1;
      return isOther ? other : site;
    };
    return { at, ttlMs: ttl, fails };
  }

  #exchangesOf(model: DestinationModel, records: readonly ExchangeModel[]): readonly Exchange[] {
    let exchanges = this.#shared.get(model);
    if (exchanges === undefined) {
      const given = (model.addresses ?? []).flatMap((network) => addressesOf(network, mostAddresses));
      const ips = given.length > 0 ? given : records.map(() => this.#newAddress());
      exchanges = this.#share(records, ips, model);
      this.#shared.set(model, exchanges);
    }
    return exchanges;
  }

  #exchangesOfProvider(provider: Provider, model: DestinationModel | undefined): readonly Exchange[] {
    let exchanges = this.#shared.get(provider);
    if (exchanges === undefined) {
      const records = provider.mx.map((text): ExchangeModel => {
        const [host = '', preference = '10'] = text.split(' ').reverse();
        return { host, preference: Number(preference) };
      });
      // Address after address over the hosts, as `#share` deals them out.
      const ips = Array.from({ length: provider.addressesPerHost }, (_, index) =>
        provider.addresses.map((first) => addressAfter(first, index)),
      ).flat();
      exchanges = this.#share(records, ips, model);
      this.#shared.set(provider, exchanges);
    }
    return exchanges;
  }

  /** Hosts at these addresses, dealt out over the MX hosts; with fewer addresses than names, names share them. */
  #share(
    records: readonly ExchangeModel[],
    ips: readonly string[],
    model: DestinationModel | undefined,
  ): readonly Exchange[] {
    const { seed, startMs } = this.#options;
    const traits = makeTraits(model ?? {}, startMs, this.#random);
    for (const ip of ips) this.internet.addHost(ip, hostOptions(ip, seed, model, traits));
    return records.map(({ host, preference }, index) => {
      const own = ips.filter((_, at) => at % records.length === index);
      const chosen = own.length > 0 ? own : [ips[index % ips.length] ?? ''];
      this.#byHost.set(host, chosen);
      return { host, preference, ips: chosen };
    });
  }

  #ipsOf(host: string): readonly string[] {
    if (isAddress(host)) {
      if (this.internet.host(host) === undefined) this.internet.addHost(host, this.#healthy(host));
      return [host];
    }
    let ips = this.#byHost.get(host);
    if (ips === undefined) this.#byHost.set(host, (ips = [this.#newHost(host, undefined)]));
    return ips;
  }

  /** Makes a host at a new address. */
  #newHost(name: string, model: DestinationModel | undefined): string {
    const { seed, startMs } = this.#options;
    const ip = this.#newAddress();
    const traits = model === undefined ? [] : makeTraits(model, startMs, this.#random);
    this.internet.addHost(ip, hostOptions(name, seed, model, traits));
    return ip;
  }

  #healthy(name: string): Partial<HostOptions> {
    return hostOptions(name, this.#options.seed, undefined, []);
  }

  #newAddress(): string {
    this.#madeUp++;
    return madeUpAddress(this.#madeUp);
  }
}

function hostOptions(
  name: string,
  seed: number,
  model: DestinationModel | undefined,
  traits: HostOptions['traits'],
): Partial<HostOptions> {
  const latencyMs = model?.latency ?? Math.round(nearestMs * farthest ** chanceOf(name, seed));
  return {
    latencyMs,
    traits,
    ...(model?.bandwidth !== undefined && { bytesPerMs: model.bandwidth / 1000 }),
    ...(model?.extensions !== undefined && { offers: model.extensions }),
  };
}

function siteFor(domain: string, exchanges: readonly Exchange[], prefix: string): Site {
  const hosts = exchanges.map(({ host, preference, ips }) => ({
    name: prefix + (host.startsWith('*.') ? domain.replaceAll('.', '-') + host.slice(1) : host),
    preference,
    ips,
  }));
  const { site, label } = siteOf('mx', hosts, `:${smtpPort}`);
  const addresses = hosts.flatMap(({ name, preference, ips }) =>
    ips.map((ip) => smtpHop(name, ip, smtpPort, preference)),
  );
  return { name: site, label, addresses: addresses.sort(byPreference) };
}

function byPreference(left: NextHopAddress, right: NextHopAddress): number {
  return left.preference - right.preference;
}

/** A smarthost in square brackets is looked up just like one without. */
function bare(host: string): string {
  return host.replace(/^\[(?:ipv6:)?(.*)\]$/i, '$1');
}
