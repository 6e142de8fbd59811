// Variable envelope return paths (VERP), in the route key: such mail has a sender for each recipient, so its plan allows one recipient in a
// transaction, and it has connections of its own. Nothing else knows of it: where nobody asks for it, no key changes.

import { isSocketHop } from './next-hop.ts';
import type { Outcome } from './outcome.ts';
import type { RouteKey } from './types.ts';

/** No other key begins like this. It comes before everything else in the key. */
const mark = 'verp';
/** Behind the mark and the two delimiters. */
const asked = { message: '*', settings: '!' } as const;
const markLength = mark.length + 3;

/** The delimiters that hold for a message, and whether its sender asked for them or the configuration says so. */
export interface VerpChoice {
  readonly delimiters: string;
  readonly by: keyof typeof asked;
}

/** What is configured for a message: two delimiters; '' for none, whatever holds for more mail; undefined: nothing is said. */
export type VerpSetting = string | undefined;

/** Settings for more than one route. */
export class VerpSettings {
  readonly #usual: VerpSetting;
  readonly #tenants: ReadonlyMap<string, string>;
  /** Whether some route may say otherwise. */
  readonly routesSay: boolean;

  /** @param usual - for all mail; @param tenants - by the name of the tenant */
  constructor(usual: VerpSetting, tenants: ReadonlyMap<string, string>, routesSay = true) {
    this.#usual = usual;
    this.#tenants = tenants;
    this.routesSay = routesSay;
  }

  /** Whether any of them says something. */
  get areAny(): boolean {
    return this.#usual !== undefined || this.#tenants.size > 0;
  }

  /** @param tenant - its name; '' for mail of none */
  of(tenant: string): VerpSetting {
    return this.#tenants.get(tenant) ?? this.#usual;
  }
}

export function withVerp(route: RouteKey, choice: VerpChoice | undefined): RouteKey {
  if (choice === undefined) return route;
  return { ...route, key: `${mark}${choice.delimiters}${asked[choice.by]}${route.key}` };
}

export function verpOf(key: string): VerpChoice | undefined {
  if (!key.startsWith(mark)) return undefined;
  const by = key[markLength - 1] === asked.message ? 'message' : 'settings';
  return { delimiters: key.slice(mark.length, markLength - 1), by };
}

/** The key without the mark. */
export function withoutVerp(key: string): string {
  return key.startsWith(mark) ? key.slice(markLength) : key;
}

/** The plan by which each recipient gets a transaction with a sender of its own. */
export function verpPlan(outcome: Outcome, { delimiters }: VerpChoice): Outcome {
  const { plan } = outcome;
  // What stays on this host is told the sender as it is, and an archive keeps a message once.
  if (plan.kind !== 'relay' || !plan.addresses.some(isSocketHop)) return outcome;
  const addresses = plan.addresses.map((hop) => (isSocketHop(hop) ? { ...hop, verp: delimiters } : hop));
  // Connections are shared by plans of equal security only.
  const security = `${plan.security ?? ''}+verp${delimiters}`;
  return { ...outcome, plan: { ...plan, addresses, security, recipientsPerTransaction: 1 } };
}
