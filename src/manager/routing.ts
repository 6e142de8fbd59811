// The router in force, with its resolver. Other parts ask here for the router each time.

import type { Config } from '../config/config.ts';
import type { Router } from '../route/types.ts';
import type { NameServers } from './name-servers.ts';
import type { OpenRouter, OpenRouters, RouterInForce, StsOfRouter } from './ports.ts';

export interface RoutingParts {
  readonly open: OpenRouters;
  readonly nameServers: NameServers;
  /** Lasts over reloads; each router that looks for policies tells it where to look. */
  readonly sts: StsOfRouter;
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class Routing implements RouterInForce {
  readonly #parts: RoutingParts;
  #current: OpenRouter;

  constructor(config: Config, parts: RoutingParts) {
    this.#parts = parts;
    this.#current = parts.open(config, parts.nowMs, parts.sts);
    parts.nameServers.use(this.#current);
  }

  get router(): Router {
    return this.#current.router;
  }

  get lookups(): OpenRouter['lookups'] {
    return this.#current.lookups;
  }

  /** Replaces the router. Look-ups of the earlier one fail, which says nothing about their routes. */
  configure(config: Config): void {
    const before = this.#current;
    this.#current = this.#parts.open(config, this.#parts.nowMs, this.#parts.sts);
    this.#parts.nameServers.use(this.#current);
    before.close();
  }

  close(): void {
    this.#current.close();
  }
}
