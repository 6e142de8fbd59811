// The name servers, judged: do they answer, soon, truly, and validated? The facts are gathered by `dns-facts.ts`.

import { error, type Finding, note, notSeen, warning } from './finding.ts';

export type DnsFacts =
  | { readonly kind: 'offline' }
  | {
      readonly kind: 'asked';
      readonly servers: readonly ServerFacts[];
      /** `validating` of [dns]. */
      readonly isTrusted: boolean;
      /** Hosts that the configuration names in routes, and that have no address. */
      readonly missingHosts: readonly MissingHost[];
      /** Of /etc/resolv.conf. */
      readonly searchDomains: readonly string[];
    };

export interface ServerFacts {
  readonly address: string;
  readonly port: number;
  readonly isLoopback: boolean;
  readonly state: ServerState;
}

export type ServerState =
  | { readonly kind: 'silent'; readonly reason: string }
  /** It answers, with an error. */
  | { readonly kind: 'refuses'; readonly reason: string }
  | {
      readonly kind: 'answers';
      /** For a question whose answer it has at hand. */
      readonly latencyMs: number;
      /** It says that it has validated an answer about a signed zone (AD). */
      readonly isValidated: boolean;
      /** The address that it gives for a name that does not exist. */
      readonly madeUp: string | undefined;
    };

export interface MissingHost {
  readonly host: string;
  /** `relay` or `lmtp`. */
  readonly key: string;
  /** Undefined: it does not exist, or has no address. */
  readonly failure: string | undefined;
}

/** A resolver of this network answers in a few ms. */
const slowMs = 50;

/** Of anybody's use: block lists answer these with an error or not at all, because too many ask through them. */
const publicServers: ReadonlySet<string> = new Set([
  '8.8.8.8',
  '8.8.4.4',
  '2001:4860:4860::8888',
  '2001:4860:4860::8844',
  '1.1.1.1',
  '1.0.0.1',
  '2606:4700:4700::1111',
  '2606:4700:4700::1001',
  '9.9.9.9',
  '149.112.112.112',
  '2620:fe::fe',
  '2620:fe::9',
  '208.67.222.222',
  '208.67.220.220',
]);

const ownResolver = 'apt-get install unbound, then servers = ["127.0.0.1"] in [dns]';

export function dnsFindings(facts: DnsFacts): readonly Finding[] {
  if (facts.kind === 'offline')
    return [
      note(
        'dns-offline',
        'No name server was asked, because of --offline: reverse names, and the records of own domains, were not looked at.',
        'Run "sluice doctor" without --offline.',
      ),
    ];
  const { servers, missingHosts } = facts;
  if (!servers.some(({ state }) => state.kind !== 'silent')) return silentFindings(servers);
  return [
    ...servers.flatMap((server) => serverFindings(server, servers.length)),
    ...validationFindings(facts),
    ...missingHosts.map((each) => hostFinding(each, facts.searchDomains)),
  ];
}

/** For dig(1). */
function atPort(port: number): string {
  return port === 53 ? '' : ` -p ${port}`;
}

function silentFindings(servers: readonly ServerFacts[]): readonly Finding[] {
  return [
    error(
      'dns-silent',
      `No name server answers (${servers.map(reasonOf).join('; ')}): no mail can be delivered to a domain, and what comes in waits.`,
      'Look at servers of [dns], or at /etc/resolv.conf where it is not set; "dig @ADDRESS arpa" asks one. A firewall must let UDP and TCP to port 53 through',
    ),
    notSeen(
      'Reverse names, and the records of own domains, were not looked at, because no name server answers.',
      'Run "sluice doctor" again when one answers.',
    ),
  ];
}

function reasonOf({ address, state }: ServerFacts): string {
  return state.kind === 'answers' ? address : `${address}: ${state.reason}`;
}

function serverFindings({ address, port, state }: ServerFacts, count: number): readonly Finding[] {
  if (state.kind === 'silent')
    return [
      warning(
        'dns-server-silent',
        `Of ${count} name servers, ${address} does not answer (${state.reason}): if the others fail, too, no mail is delivered.`,
        `Start it, or take it out of servers of [dns] (or /etc/resolv.conf); "dig @${address}${atPort(port)} arpa" asks it`,
      ),
    ];
  if (state.kind === 'refuses')
    return [
      warning(
        'dns-refused',
        `The name server ${address} cannot look up names of the Internet: ${state.reason}. Mail to other domains waits, unless all of it goes through smarthosts.`,
        `"dig @${address}${atPort(port)} arpa" shows the same; let it answer this host (allow-query, access-control), or name another one in [dns]`,
      ),
    ];
  const found: Finding[] = [];
  const { latencyMs, madeUp } = state;
  if (madeUp !== undefined)
    found.push(
      error(
        'dns-made-up',
        `The name server ${address} gives the address ${madeUp} for names that do not exist: mail to mistyped domains goes there instead of back to its sender.`,
        `Switch that off at this server, or run one on this host: ${ownResolver}`,
      ),
    );
  if (latencyMs > slowMs)
    found.push(
      warning(
        'dns-slow',
        `The name server ${address} takes ${Math.round(latencyMs)} ms for an answer that it has at hand. Each message to a new domain waits for several.`,
        `Run one on this host: ${ownResolver}`,
      ),
    );
  if (publicServers.has(address))
    found.push(
      note(
        'dns-public',
        `The name server ${address} is one for everybody: lists of spam sources do not answer questions through it, and what it says on the way here can be forged.`,
        `Run one on this host: ${ownResolver}`,
      ),
    );
  return found;
}

function validationFindings({
  servers,
  isTrusted,
}: DnsFacts & { readonly kind: 'asked' }): readonly Finding[] {
  const answering = servers.filter(({ state }) => state.kind === 'answers');
  const validates = ({ state }: ServerFacts): boolean => state.kind === 'answers' && state.isValidated;
  if (isTrusted)
    return answering
      .filter((server) => !validates(server))
      .map(({ address, port }) =>
        error(
          'dns-not-validating',
          `validating = true in [dns], but ${address} does not validate: it answers without AD about a signed zone. So no DANE is used.`,
          `Give it a trust anchor (unbound: auto-trust-anchor-file; BIND: dnssec-validation auto); "dig @${address}${atPort(port)} +dnssec arpa" must show the flag ad`,
        ),
      );
  const [first] = answering;
  if (first === undefined || !answering.every((server) => server.isLoopback && validates(server))) return [];
  return [
    note(
      'dns-unused-validation',
      `The name server on this host validates, but Sluice does not use that: without validating = true there is no DANE.`,
      `servers = ["${first.address}${first.port === 53 ? '' : `:${first.port}`}"] and validating = true in [dns], then: sluice reload`,
    ),
  ];
}

function hostFinding({ host, key, failure }: MissingHost, searchDomains: readonly string[]): Finding {
  if (failure !== undefined)
    return notSeen(
      `Whether ${host}, a host of ${key}, exists is not known: ${failure}.`,
      'Run it again later.',
    );
  const [domain] = searchDomains;
  const isShort = !host.includes('.');
  const hint = isShort
    ? ` Sluice uses neither /etc/hosts nor the search domains of /etc/resolv.conf${domain === undefined ? '' : ` (${searchDomains.join(', ')})`}.`
    : '';
  return error(
    'dns-host-missing',
    `The DNS has no address of ${host}, a host of ${key} in a [[route]]: mail for it waits.${hint}`,
    isShort && domain !== undefined
      ? `Write the full name, such as ${host}.${domain}, or the address; then: sluice reload`
      : 'Correct the name, or write the address; then: sluice reload',
  );
}
