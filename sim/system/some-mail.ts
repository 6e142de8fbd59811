// What is sent in a simulated world, by whom and when, and whose mail it is.

import type { TenantConfig } from '../../src/config/config.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import { parseNetwork } from '../../src/values/network.ts';
import { pick } from '../world/some-internet.ts';

export interface SomeMail {
  readonly atMs: number;
  readonly client: string;
  readonly reversePath: string;
  /** By the configuration of this world; empty: nobody's. */
  readonly tenant: string;
  readonly addresses: readonly string[];
  readonly sizeBytes: number;
}

/** Reports go here. */
export const home = 'home.example';

/** A tenant, and a client and sender whose mail is its own. */
export interface Tenancy {
  readonly config: TenantConfig;
  readonly client: string;
  /** Undefined: any. */
  readonly reversePath: string | undefined;
}

const nobodysClient = '192.0.2.99';
const allBoxes = ['ok', 'ok', 'ok', 'ok', 'bad', 'slow', 'never'];
const nullBoxes = ['ok', 'bad', 'slow'];

/** Tenants that are known by their sender or by their client. */
export function someTenants(random: Random): Tenancy[] {
  if (random.next() < 0.6) return [];
  return Array.from({ length: 1 + random.below(3) }, (_, index) => {
    const shared = { name: `tenant${index}`, weight: 1 + random.below(3), priority: 0 };
    if (random.next() < 0.5) {
      const localPart = `box${index}`;
      return {
        config: { ...shared, sender: [{ kind: 'mailbox', localPart, domain: home }], client: [] },
        client: nobodysClient,
        reversePath: `${localPart}@${home}`,
      };
    }
    const client = `198.51.100.${64 + index}`;
    return {
      config: { ...shared, sender: [], client: [parseNetwork(client)] },
      client,
      reversePath: undefined,
    };
  });
}

export interface MailOptions {
  readonly domains: readonly string[];
  readonly tenants: readonly Tenancy[];
  readonly count: number;
  readonly withinMs: number;
}

export function someMail(random: Random, { count, domains, tenants, withinMs }: MailOptions): SomeMail[] {
  return Array.from({ length: count }, (_, number) => {
    const recipients = random.next() < 0.7 ? 1 : 2 + random.below(4);
    const tenancy = tenants.length > 0 && random.next() < 0.7 ? pick(random, tenants) : undefined;
    const anybody = random.next() < 0.1 ? '' : `sender${number}@${home}`;
    const reversePath = tenancy?.reversePath ?? anybody;
    const sameDomain = random.next() < 0.5 ? pick(random, domains) : undefined;
    // What has no sender lives as long as a report, and costs as much time.
    const boxes = reversePath === '' ? nullBoxes : allBoxes;
    return {
      atMs: 200 + random.below(withinMs),
      client: tenancy?.client ?? nobodysClient,
      reversePath,
      tenant: tenancy?.config.name ?? '',
      addresses: Array.from(
        { length: recipients },
        (__, index) => `${pick(random, boxes)}-${number}-${index}@${sameDomain ?? pick(random, domains)}`,
      ),
      sizeBytes: pick(random, [200, 200, 1_000, 6_000]),
    };
  });
}
