// Results of routing: where the mail of a recipient goes, or why it cannot be routed.

import type { InternalEndpoint, SocketEndpoint } from '../values/hop-endpoint.ts';
import type { HeaderChanges } from '../values/header-changes.ts';
import type { HopLogin } from '../values/hop-login.ts';
import type { PackageProtocol } from '../values/package-server.ts';
import type { StsPolicy } from '../values/sts-policies.ts';
import type { LocalWay } from '../values/local-way.ts';
import type { HopTlsPolicy } from '../values/tls-policy.ts';

interface HopFacts {
  /** The text of the endpoint, which identifies it: connections and failures are counted by it. */
  readonly key: string;
  /** The IP address of the endpoint in canonical text, a fact that limits look at; empty when it has none. */
  readonly ip: string;
  /** The MX or smarthost name that the endpoint belongs to, lower case, no final dot. Of a Unix-domain socket the endpoint's text. */
  readonly host: string;
  /** Lower first (RFC 5321 5.1); those of equal preference are tried in random order. */
  readonly preference: number;
}

/** A server that is reached by a socket. */
export type SocketHop = HopFacts & {
  readonly transport: 'smtp' | 'lmtp' | PackageProtocol;
  readonly endpoint: SocketEndpoint;
  /** Which TLS a connection must have; none: opportunistic over SMTP, with the host's name in the client hello. */
  readonly tls?: HopTlsPolicy | undefined;
  /** Foreign senders are rewritten on this way (SRS). */
  readonly rewritesSenders?: true;
  /** The host is told which client a message came from, if it offers XFORWARD. */
  readonly tellsClient?: true;
  /** Delimiters: each recipient's copy has a sender of its own (VERP). */
  readonly verp?: string;
  /** Changes of the header of what is sent there. */
  readonly header?: HeaderChanges;
  /** The only addresses of our own that a connection may come from; none: all. */
  readonly sources?: readonly string[];
  /** Our name in EHLO there; none: that of the address that the connection comes from. */
  readonly heloName?: string;
  /** The log-in that a connection must have (RFC 4954); none: it logs in nowhere. */
  readonly login?: HopLogin | undefined;
};

/** What no connection is made for: these have neither TLS nor a log-in, and their limits are their own. */
interface LocalFacts extends HopFacts {
  readonly endpoint: InternalEndpoint;
  readonly tls?: undefined;
  readonly login?: undefined;
  readonly sources?: undefined;
  readonly heloName?: undefined;
  readonly rewritesSenders?: undefined;
}

/** Where mail vanishes. */
export type DiscardHop = LocalFacts & { readonly transport: 'discard' };

/** A way out that ends on this host. */
export type WayHop<Kind extends LocalWay['kind'] = LocalWay['kind']> = LocalFacts & {
  readonly transport: Kind;
  readonly way: Extract<LocalWay, { readonly kind: Kind }>;
  /** The part of a route key that stands for the route (`planKey`). */
  readonly planKey: string;
};

export type LocalHop = DiscardHop | { [Kind in LocalWay['kind']]: WayHop<Kind> }[LocalWay['kind']];

/** Where mail may be handed to, and how; made by `next-hop.ts`, carried out by `deliver/open-transport.ts`. */
export type NextHopAddress = SocketHop | LocalHop;

/** What routing found out about TLS. The policies themselves are those of the hops. */
export interface PlanTlsFacts {
  /** The MTA-STS policy that the domain publishes. */
  readonly sts: StsPolicy | undefined;
  /** Hosts that no policy allows, each with the reason. */
  readonly leftOut: readonly string[];
}

/** Mail for the recipient can be handed to these addresses. */
export interface RelayPlan {
  readonly kind: 'relay';
  /** The same for all domains with the same ordered MX set (or the same smarthost list). Limits and windows count by it. */
  readonly site: string;
  /**
   * Tells plans of one site apart whose hosts have different TLS policies or log-ins, or get senders rewritten or not: only equal ones
   * share connections. None: the default policies, without a log-in, and senders as they are.
   */
  readonly security?: string | undefined;
  /** What bears on the TLS policies of the hosts, for people. */
  readonly tlsFacts?: PlanTlsFacts | undefined;
  /** For people: the MX names in order, e.g. `mx1.example.net,mx2.example.net`. */
  readonly label: string;
  /** Sorted by preference; never empty. */
  readonly addresses: readonly NextHopAddress[];
  /** The most recipients in a transaction, where that is fewer than limits allow. */
  readonly recipientsPerTransaction?: number | undefined;
}

/** Mail for the recipient cannot be handed on, now (`permanent` false) or ever. */
export interface ErrorPlan {
  readonly kind: 'error';
  readonly permanent: boolean;
  /** SMTP reply code, e.g. 451 or 556. */
  readonly replyCode: number;
  /** Enhanced status code (RFC 3463), e.g. `5.1.10`. */
  readonly enhancedStatus: string;
  readonly text: string;
  /** The look-up failed because no name server answers: a fault on our side, and no attempt. Never cached. */
  readonly waitsForDns?: true;
  /** What bears on TLS, for people, where no host may be used for it. */
  readonly tlsFacts?: PlanTlsFacts | undefined;
}

export type RoutePlan = (RelayPlan | ErrorPlan) & {
  /** Unix ms: ask again after this. */
  readonly validUntilMs: number;
};

/** The route of a recipient, from the routing table alone, before any look-up. */
export interface RouteKey {
  /**
   * Identifies the route by plan and domain, e.g. `mx:example.com` or `relay#partners~C0sD3kQ1vZ8a:example.com`. Two routing
   * tables that have the same key mean the same target by it (see `planKey`).
   */
  readonly key: string;
  /** The recipient domain, lower case A-labels (or an address literal). */
  readonly domain: string;
  /** Priority that the rule gives to messages without one: -9 to 9. */
  readonly priority?: number | undefined;
  /** What the rule says about senders of their own (VERP): see `VerpSetting`. */
  readonly verp?: string | undefined;
}

export interface Router {
  /** The route of one recipient; pure and cheap. */
  routeOf(reversePath: string, recipient: string): RouteKey;
  /** The same for a domain in canonical form (`canonicalDomain`); nothing is kept of it. */
  routeOfCanonical(reversePath: string, domain: string): RouteKey;
  /** The route of one recipient by the rules of this name. Where there are none, its plan is a temporary error. */
  routeNamed(name: string, reversePath: string, recipient: string): RouteKey;
  /** The route of one recipient by the rules that do not hold mail. */
  routePastHolds(reversePath: string, recipient: string): RouteKey;
  /** The name of the rule that decides about a recipient; empty when none does, so that its mail goes to the MX. */
  ruleNameFor(reversePath: string, recipient: string): string;
  /** Whether some rule looks at the sender: then `routeOf` needs the sender, except for recipients with a rule of their own. */
  readonly looksAtSenders: boolean;
  /** The plan from the cache, if it is still valid. */
  cached(key: string, nowMs: number): RoutePlan | undefined;
  /** Looks the plan up (DNS); never rejects: a failing look-up is an ErrorPlan with `permanent` false. */
  resolve(key: string): Promise<RoutePlan>;
}
