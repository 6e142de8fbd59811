// Finds the tenant of a message: the first in the order of the file that matches the client's network and the sender.
// It uses tables instead of trying each tenant, since there may be thousands and every message needs its tenant.

import { domainOf } from '../address/domain.ts';
import { tableKey } from '../table/table-key.ts';
import type { SenderPattern } from '../values/domain.ts';
import type { Network } from '../values/network.ts';
import { NetworkTree, type NetworkVisitor } from '../values/network-tree.ts';

/** One [[tenant]]. */
export interface Tenant {
  /** Identifies the tenant in limits, commands and the log. */
  readonly name: string;
  /** Matches the reverse path; empty: any sender. */
  readonly sender: readonly SenderPattern[];
  /** Networks of its clients; empty: any client. When there are senders as well, both must match. */
  readonly client: readonly Network[];
  /** Users who have logged in, `joe@example.com`, or `@example.com` for all of a domain; empty or not given: any client. */
  readonly user?: readonly string[] | undefined;
  /** The priority of its messages that have none of their own (RFC 6710). */
  readonly priority: number;
}

interface Candidate {
  readonly tenant: Tenant;
  /** Index in the order of the file. */
  readonly place: number;
  readonly anyClient: boolean;
}

/** A tenant of users alone: what else it asks for is looked at when one of them sends. */
interface OfUsers {
  readonly tenant: Tenant;
  readonly place: number;
  readonly others: Tenants;
}

type Table = Map<string, Candidate[]>;

/** The part of the decision that depends on the client's address alone. */
interface ClientMatch {
  /** Places of tenants with a network that the client is in. */
  readonly places: ReadonlySet<number>;
  /** The first tenant without senders that matches the client. */
  readonly anySender: Candidate | undefined;
}

/** The most clients whose match is cached. */
const maxCachedClients = 10_000;

export class Tenants {
  /** Tenants without senders. All lists here are in the order of the file. */
  #anySender: Candidate[] = [];
  #mailboxes: Table = new Map();
  #domains: Table = new Map();
  #nullSender: Candidate[] = [];
  /** Places of tenants, by network. */
  #networks = new NetworkTree<number>();
  #users = new Map<string, OfUsers[]>();
  readonly #clients = new Map<string, ClientMatch>();
  #count = 0;

  constructor(tenants: readonly Tenant[] = []) {
    this.configure(tenants);
  }

  /** Replaces the tenants, for messages that begin from now on. */
  configure(tenants: readonly Tenant[]): void {
    this.#anySender = [];
    this.#mailboxes = new Map();
    this.#domains = new Map();
    this.#nullSender = [];
    this.#users = new Map();
    this.#count = tenants.length;
    this.#networks = new NetworkTree();
    this.#clients.clear();
    for (const [place, tenant] of tenants.entries()) {
      const { user: names = [] } = tenant;
      if (names.length > 0) {
        const entry = { tenant, place, others: new Tenants([{ ...tenant, user: [] }]) };
        for (const name of names.map(tableKey))
          this.#users.set(name, [...(this.#users.get(name) ?? []), entry]);
        continue;
      }
      const candidate: Candidate = { tenant, place, anyClient: tenant.client.length === 0 };
      if (tenant.sender.length === 0) this.#anySender.push(candidate);
      for (const pattern of tenant.sender) this.#listOf(pattern).push(candidate);
      for (const network of tenant.client) this.#networks.add(network, place);
    }
  }

  /**
   * The tenant of a message; undefined when no tenant matches.
   * @param client - IP address; empty for a program of this host, which is in no network
   * @param reversePath - without angle brackets; empty for the null sender
   * @param principal - the user who has logged in; empty for nobody
   */
  of(client: string, reversePath: string, principal = ''): Tenant | undefined {
    if (this.#count === 0) return undefined;
    const found = this.#ofAnyUser(client, reversePath);
    if (principal === '' || this.#users.size === 0) return found?.tenant;
    let first: { readonly tenant: Tenant; readonly place: number } | undefined = found;
    const name = tableKey(principal);
    for (const key of [name, `@${domainOf(name)}`]) {
      for (const entry of this.#users.get(key) ?? []) {
        const isEarlier = first === undefined || entry.place < first.place;
        if (isEarlier && entry.others.of(client, reversePath) !== undefined) first = entry;
      }
    }
    return first?.tenant;
  }

  #ofAnyUser(client: string, reversePath: string): Candidate | undefined {
    const { places, anySender } = this.#clientMatch(client);
    let found = anySender;
    if (reversePath === '') return earlierInFile(found, firstMatching(this.#nullSender, places));
    if (this.#domains.size === 0 && this.#mailboxes.size === 0) return found;
    const domain = domainOf(reversePath);
    found = earlierInFile(found, firstMatching(this.#domains.get(domain), places));
    if (this.#mailboxes.size > 0) {
      const localPart = reversePath.slice(0, reversePath.lastIndexOf('@'));
      found = earlierInFile(found, firstMatching(this.#mailboxes.get(mailboxKey(localPart, domain)), places));
    }
    return found;
  }

  #clientMatch(client: string): ClientMatch {
    const known = this.#clients.get(client);
    if (known !== undefined) return known;
    if (this.#clients.size >= maxCachedClients) this.#clients.clear();
    const places = new PlaceCollector();
    this.#networks.visit(client, places);
    const match = { places: places.found, anySender: firstMatching(this.#anySender, places.found) };
    this.#clients.set(client, match);
    return match;
  }

  #listOf(pattern: SenderPattern): Candidate[] {
    switch (pattern.kind) {
      case 'null':
        return this.#nullSender;
      case 'domain':
        return listIn(this.#domains, pattern.domain);
      case 'mailbox':
        return listIn(this.#mailboxes, mailboxKey(pattern.localPart, pattern.domain));
    }
  }
}

/** Collects the places of the tenants with a network that an address is in. */
class PlaceCollector implements NetworkVisitor<number> {
  readonly found = new Set<number>();

  network(place: number): boolean {
    this.found.add(place);
    return true;
  }
}

/** In lower case: RFC 5321 2.4 leaves the case of a local part to its host, but an administrator means the mailbox in any case. */
function mailboxKey(localPart: string, domain: string): string {
  return `${localPart.toLowerCase()}@${domain}`;
}

function listIn(table: Table, key: string): Candidate[] {
  const list = table.get(key) ?? [];
  table.set(key, list);
  return list;
}

function firstMatching(
  candidates: readonly Candidate[] | undefined,
  places: ReadonlySet<number>,
): Candidate | undefined {
  return candidates?.find(({ place, anyClient }) => anyClient || places.has(place));
}

function earlierInFile(a: Candidate | undefined, b: Candidate | undefined): Candidate | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.place < a.place ? b : a;
}
