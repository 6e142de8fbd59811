// Checks between tables: the tenants and sources that limits name must exist, so must the tables that [[recipients]] name, a
// source must have an IP version in use, and [users] needs user.

import type { z } from 'zod';

import { formatListenAddress, type ListenAddress } from '../../values/listen-address.ts';
import { checkFront, type FrontTables } from './front.ts';
import { checkElse, type ElseTables } from './route-else.ts';
import { checkSources, type SourceTables } from './route-source.ts';
import { checkProvisioning, type ProvisioningTables } from './provisioning.ts';
import { checkQueues, type QueueTables } from './queues-together.ts';
import { checkRouteTables, type RoutingTables } from './route-table-together.ts';
import { checkRewrites, type RewriteTables } from './rewrite-together.ts';
import { checkSchedules, type ScheduleTables } from './schedules-together.ts';
import { checkSrs, type SrsTables } from './srs-together.ts';
import { checkResults, checkStages, type StageTable } from './stages-together.ts';
import { kindOf, ruleKinds } from './table.ts';
import { checkCredentials, type CredentialTables } from './credential-names.ts';
import { addUnknown, addUnknownListeners } from './unknown-names.ts';
import { checkWays, type WayTables } from './ways-together.ts';
import { isIP } from '../../values/ip-version.ts';

interface TlsTable {
  readonly level?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly fingerprints?: readonly string[] | undefined;
  readonly min_version?: string | undefined;
}

/** The parts of the file that are checked, as read. */
export interface Tables
  extends
    SrsTables,
    RewriteTables,
    RoutingTables,
    ElseTables,
    Pick<ProvisioningTables, 'provisioning'>,
    CredentialTables,
    Pick<ScheduleTables, 'schedule'>,
    Pick<QueueTables, 'assignment' | 'diversion'>,
    Pick<FrontTables, 'front'>,
    Pick<SourceTables, 'queue'> {
  readonly queues: readonly (SourceTables['queues'][number] & QueueTables['queues'][number])[];
  readonly user?: string | undefined;
  readonly users: Readonly<Record<string, string | undefined>>;
  readonly deliver: {
    readonly ipv4: boolean;
    readonly ipv6: boolean;
    readonly dane: 'auto' | 'off';
    readonly tls: string;
  };
  readonly tls: readonly TlsTable[];
  readonly dns: {
    readonly validating: boolean;
    readonly servers?: readonly { readonly host: string }[] | undefined;
  };
  readonly route: (SrsTables['route'][number] &
    ElseTables['route'][number] &
    ScheduleTables['route'][number] &
    SourceTables['route'][number] &
    WayTables['route'][number])[];
  readonly tap: readonly {
    readonly route?: string | undefined;
    readonly results?: readonly string[] | undefined;
  }[];
  readonly tenant: readonly { readonly name: string }[];
  readonly bounce: { readonly tenant?: string | undefined; readonly route?: string | undefined };
  readonly signing_key: readonly {
    readonly tenant?: string | undefined;
    readonly route?: readonly string[] | undefined;
  }[];
  readonly source: readonly { readonly address: string }[];
  readonly table: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind?: string | undefined;
  }[];
  readonly clients: { readonly rules?: string | undefined };
  readonly directory: readonly unknown[];
  readonly token_issuer: readonly unknown[];
  readonly receive: { readonly auth: string };
  readonly listen: readonly {
    readonly address: ListenAddress;
    readonly auth?: string | undefined;
    readonly from_filter?: string | undefined;
    readonly protocol: string;
    readonly client_rules?: string | undefined;
  }[];
  readonly verification_rule: readonly {
    readonly listen?: readonly string[] | undefined;
    readonly tenant?: readonly string[] | undefined;
  }[];
  readonly stage: readonly StageTable[];
  readonly recipients: readonly {
    readonly table?: string | undefined;
    readonly aliases?: string | undefined;
    readonly directory?: boolean | undefined;
  }[];
  readonly mailboxes: { readonly aliases?: string | undefined };
  readonly limit: readonly {
    readonly route?: readonly string[] | undefined;
    readonly tenant?: readonly string[] | undefined;
    readonly source?: SourceTables['limit'][number]['source'];
    readonly queue?: readonly string[] | undefined;
  }[];
  readonly sending_limit: readonly { readonly tenant?: readonly string[] | undefined }[];
}

/** TLSA records are believed from a validating name server alone (RFC 7672 2.2). */
function checkDane({ deliver, dns, tls }: Tables, context: z.RefinementCtx): void {
  for (const [index, { level }] of tls.entries()) {
    if (level !== 'dane' || (dns.validating && deliver.dane !== 'off')) continue;
    const message = dns.validating
      ? '"dane" contradicts dane = "off" in [deliver]'
      : '"dane" needs a validating resolver: run one on this host, and set validating = true and servers in [dns]';
    context.addIssue({ code: 'custom', message, path: ['tls', index, 'level'] });
  }
}

/** RFC 8996: versions before 1.2 protect from less than TLS is demanded for. They are better than clear text, and than nothing else. */
function checkVersions({ deliver, tls }: Tables, context: z.RefinementCtx): void {
  for (const [index, { fingerprints, level, min_version: version, names }] of tls.entries()) {
    if (version !== '1.0' && version !== '1.1') continue;
    const isNamed = names !== undefined || fingerprints !== undefined;
    const inForce = level ?? (isNamed ? 'verified' : deliver.tls);
    if (inForce === 'opportunistic' || inForce === 'none') continue;
    const message = `must be "1.2" or "1.3" where TLS is demanded (RFC 8996); TLS ${version} is used at level = "opportunistic" alone, in place of clear text`;
    context.addIssue({ code: 'custom', message, path: ['tls', index, 'min_version'] });
  }
}

function checkAuth(
  { directory, listen, receive, token_issuer: issuers }: Tables,
  context: z.RefinementCtx,
): void {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', message, path });
  if (directory.length === 0) {
    const message = 'needs a [[directory]] with the users who may log in';
    if (receive.auth !== 'none') refuse(['receive', 'auth'], message);
    if (issuers.length > 0) refuse(['token_issuer', 0], message);
    for (const [index, { auth = 'none', protocol }] of listen.entries()) {
      if (auth !== 'none') refuse(['listen', index, 'auth'], message);
      if (protocol === 'pop3') refuse(['listen', index, 'protocol'], message);
    }
  }
  for (const [index, { auth = 'none', protocol }] of listen.entries()) {
    if (auth !== 'none' && (protocol === 'lmtp' || protocol === 'qmqp' || protocol === 'qmtp'))
      refuse(['listen', index, 'auth'], `is for SMTP: ${protocol.toUpperCase()} has no log-ins`);
  }
}

/** Rules for clients are in tables of their own kinds: in another one, nobody has looked for mistakes in them. */
function checkClientRules({ clients, listen, table }: Tables, context: z.RefinementCtx): void {
  const named = [
    { name: clients.rules, path: ['clients', 'rules'] },
    ...listen.map((each, index) => ({ name: each.client_rules, path: ['listen', index, 'client_rules'] })),
  ];
  for (const { name = '', path } of named) {
    if (name === '') continue;
    const found = table.find((each) => each.name === name);
    const kind = found === undefined ? undefined : (found.kind ?? kindOf(found.path));
    if (found === undefined) {
      const names = table.map((each) => each.name);
      addUnknown('table', name, names, path, context);
    } else if (kind !== undefined && !ruleKinds.includes(kind)) {
      const message = `the table "${name}" is of kind "${kind}"; give it kind = "rules", or "tcprules" for a file of tcprules(1)`;
      context.addIssue({ code: 'custom', message, path });
    }
  }
}

/** Adds a problem for each value that contradicts another table. */
export function checkTogether(tables: Tables, context: z.RefinementCtx): void {
  checkValidating(tables.dns, context);
  checkFront(tables, context);
  checkDane(tables, context);
  checkVersions(tables, context);
  for (const [role, name] of Object.entries(tables.users)) {
    if (name === undefined || tables.user !== undefined) continue;
    const message =
      'needs user = "..." at the top of the file: its primary group is the one that all processes share';
    context.addIssue({ code: 'custom', message, path: ['users', role] });
  }
  for (const [index, { address }] of tables.source.entries()) {
    const version = isIP(address) === 4 ? 4 : 6;
    if (version === 4 ? tables.deliver.ipv4 : tables.deliver.ipv6) continue;
    const message = `is an IPv${version} address, but ipv${version} in [deliver] is false`;
    context.addIssue({ code: 'custom', message, path: ['source', index, 'address'] });
  }
  checkCredentials(tables, context);
  checkSrs(tables, context);
  checkSchedules(tables, context);
  checkProvisioning(tables, context);
  checkQueues(tables, context);
  checkRewrites(tables, context);
  checkRouteTables(tables, context);
  checkElse(tables, context);
  const tableNames = tables.table.map(({ name }) => name);
  checkAuth(tables, context);
  checkClientRules(tables, context);
  const { aliases: ofMailboxes } = tables.mailboxes;
  if (ofMailboxes !== undefined && !tableNames.includes(ofMailboxes))
    addUnknown('table', ofMailboxes, tableNames, ['mailboxes', 'aliases'], context);
  for (const [index, { table, aliases, directory }] of tables.recipients.entries()) {
    if (directory === true && tables.directory.length === 0) {
      const message = 'there is no [[directory]] in the file';
      context.addIssue({ code: 'custom', message, path: ['recipients', index, 'directory'] });
    }
    for (const [key, name] of Object.entries({ table, aliases })) {
      if (name !== undefined && !tableNames.includes(name))
        addUnknown('table', name, tableNames, ['recipients', index, key], context);
    }
  }
  const names = tables.tenant.map(({ name }) => name);
  for (const [index, { tenant = [] }] of tables.sending_limit.entries()) {
    for (const [at, name] of tenant.entries()) {
      if (names.includes(name)) continue;
      addUnknown('tenant', name, names, ['sending_limit', index, 'tenant', at], context);
    }
  }
  const listeners = tables.listen.map(({ address }) => formatListenAddress(address));
  checkListeners(tables, listeners, names, context);
  const routeNames = tables.route.flatMap(({ name = '' }) => (name === '' ? [] : [name]));
  checkResults('tap', tables.tap, tables.stage, context);
  checkResults('assignment', tables.assignment, tables.stage, context);
  const { bounce } = tables;
  if (bounce.route !== undefined && !routeNames.includes(bounce.route))
    addUnknown('route', bounce.route, routeNames, ['bounce', 'route'], context);
  for (const { name, bounce_route: route } of tables.queues)
    if (route !== undefined && !routeNames.includes(route))
      addUnknown('route', route, routeNames, ['queues', name, 'bounce_route'], context);
  if (bounce.tenant !== undefined && !names.includes(bounce.tenant))
    addUnknown('tenant', bounce.tenant, names, ['bounce', 'tenant'], context);
  const signsBack = tables.listen.some((each) => each.from_filter === 'outgoing');
  checkStages(tables.stage, { listeners, routes: routeNames, signsBack }, context);
  checkWays(tables, context);
  for (const [index, { route }] of tables.tap.entries())
    if (route !== undefined && !routeNames.includes(route))
      addUnknown('route', route, routeNames, ['tap', index, 'route'], context);
  for (const [index, { tenant, route = [] }] of tables.signing_key.entries()) {
    for (const [at, name] of route.entries()) {
      if (routeNames.includes(name)) continue;
      addUnknown('route', name, routeNames, ['signing_key', index, 'route', at], context);
    }
    if (tenant !== undefined && !names.includes(tenant))
      addUnknown('tenant', tenant, names, ['signing_key', index, 'tenant'], context);
  }
  for (const [index, { tenant = [] }] of tables.limit.entries()) {
    for (const [at, name] of tenant.entries()) {
      if (name !== '' && !names.includes(name))
        addUnknown('tenant', name, names, ['limit', index, 'tenant', at], context);
    }
  }
  checkSources(tables, context);
}

function checkListeners(
  { verification_rule: rules }: Tables,
  addresses: readonly string[],
  tenants: readonly string[],
  context: z.RefinementCtx,
): void {
  for (const [index, { listen: wanted, tenant = [] }] of rules.entries()) {
    addUnknownListeners(addresses, wanted, ['verification_rule', index], context);
    for (const [at, name] of tenant.entries()) {
      if (!tenants.includes(name))
        addUnknown('tenant', name, tenants, ['verification_rule', index, 'tenant', at], context);
    }
  }
}

/**
 * Adds a problem for servers whose AD bit somebody on the way could set: RFC 4035 4.9.3 forbids to rely on it without a secure channel.
 * The servers of /etc/resolv.conf may be others tomorrow, so they cannot be meant either.
 */
function checkValidating({ validating, servers }: Tables['dns'], context: z.RefinementCtx): void {
  if (!validating) return;
  const add = (path: readonly (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', message, path: ['dns', ...path] });
  if (servers === undefined) {
    add(['validating'], 'needs servers = ["127.0.0.1"]: the validating name server on this host');
  }
  for (const [index, { host }] of (servers ?? []).entries()) {
    if (isLoopback(host)) continue;
    add(
      ['servers', index],
      `is not on this host, so that answers could be forged on the way, but validating is true; run a validating name server such as unbound here, and name it by its loopback address`,
    );
  }
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || (isIP(ip) === 4 && ip.startsWith('127.'));
}
