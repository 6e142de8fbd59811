// Decides at MAIL which tenant a message belongs to.

import { goOn, type MailFacts, type Stage, type Verdict } from '../stage.ts';
import type { Tenant, Tenants } from '../tenants.ts';

export class TenantStage implements Stage {
  readonly name = 'tenant';
  readonly #tenants: Tenants;
  /** Made once for each tenant. */
  readonly #verdicts = new WeakMap<Tenant, Verdict>();

  /** @param tenants - may change at any time: the next message is decided by the new ones */
  constructor(tenants: Tenants) {
    this.#tenants = tenants;
  }

  mail({ client, principal, transaction }: MailFacts): Verdict {
    const tenant = this.#tenants.of(client.address, transaction.reversePath, principal);
    return tenant === undefined ? goOn : this.#verdictOf(tenant);
  }

  #verdictOf(tenant: Tenant): Verdict {
    let verdict = this.#verdicts.get(tenant);
    if (verdict === undefined) {
      const priority = tenant.priority === 0 ? undefined : tenant.priority;
      verdict = { kind: 'continue', edits: [{ kind: 'set-tenant', name: tenant.name, priority }] };
      this.#verdicts.set(tenant, verdict);
    }
    return verdict;
  }
}
