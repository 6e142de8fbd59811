// The router in force, with its resolver. Other parts ask here for the router each time.

import type { Config } from '../config/config.ts';
import type { Router } from '../route/types.ts';
import type { VerpSettings } from '../route/verp.ts';
import { verpSettings } from '../settings/verp.ts';
import type { NameServers } from './name-servers.ts';
import { loginOfUser } from '../settings/credentials.ts';
import { routeNames } from '../settings/route-rules.ts';
import type { OpenRouter, OpenRouters, RouterInForce, RouteTables, StsOfRouter } from './ports.ts';
import type { DomainWays } from './provisioning/domain-ways.ts';
import { Ways } from './ways/ways.ts';

export interface RoutingParts {
  readonly open: OpenRouters;
  readonly nameServers: NameServers;
  /** Lasts over reloads; each router that looks for policies tells it where to look. */
  readonly sts: StsOfRouter;
  /** Scheduler time. */
  readonly nowMs: () => number;
  /** Undefined: there are none. */
  readonly tables?: Pick<RouteTables, 'open'> | undefined;
  /** What knows the records of domains; configured before. */
  readonly domains?: { readonly ways: DomainWays | undefined } | undefined;
}

export class Routing implements RouterInForce {
  readonly #parts: RoutingParts;
  #current: OpenRouter;
  #ways: Ways | undefined;
  #verp: VerpSettings;

  constructor(config: Config, parts: RoutingParts) {
    this.#parts = parts;
    this.#current = parts.open(config, parts.nowMs, parts.sts);
    this.#ways = waysOf(config, parts.tables);
    this.#verp = verpSettings(config);
    parts.nameServers.use(this.#current);
  }

  get router(): Router {
    return this.#current.router;
  }

  get ways(): Ways | undefined {
    return this.#ways;
  }

  get provisioned(): DomainWays | undefined {
    return this.#parts.domains?.ways;
  }

  get verp(): VerpSettings {
    return this.#verp;
  }

  get lookups(): OpenRouter['lookups'] {
    return this.#current.lookups;
  }

  /** Replaces the router. Look-ups of the earlier one fail, which says nothing about their routes. */
  configure(config: Config): void {
    const before = this.#current;
    this.#verp = verpSettings(config);
    this.#current = this.#parts.open(config, this.#parts.nowMs, this.#parts.sts);
    this.#ways = waysOf(config, this.#parts.tables);
    this.#parts.nameServers.use(this.#current);
    before.close();
  }

  close(): void {
    this.#current.close();
  }
}

function waysOf(config: Config, tables: RoutingParts['tables']): Ways | undefined {
  const asked = config.routeTable.length === 0 ? [] : (tables?.open(config) ?? []);
  if (asked.length === 0) return undefined;
  const loginOf = (user: string) => loginOfUser(config, user);
  return new Ways({ tables: asked, routeNames: routeNames(config.route), loginOf });
}
