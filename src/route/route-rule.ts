// The rules of the routing table, as the router is given them. Plain data; `createRouter` says how they are applied.

import type { HeaderChanges } from '../values/header-changes.ts';
import type { HopLogin } from '../values/hop-login.ts';
import type { LocalWay } from '../values/local-way.ts';
import type { TlsLevel } from '../values/tls-policy.ts';
import type { MailServer } from '../values/mail-server.ts';
import type { PackageProtocol } from '../values/package-server.ts';

/** The recipients that a rule matches. Case does not matter; domains may be U-labels or A-labels. */
export type RouteMatch =
  /** The recipient's domain, or an address literal such as `[192.0.2.1]`. */
  | { readonly kind: 'domain'; readonly domain: string }
  /** `*.example.com`: every name below example.com at any depth, not example.com itself. */
  | { readonly kind: 'suffix'; readonly suffix: string }
  /** The reverse path: a whole address, a domain, `*.example.com`, or `<>` for the null sender. */
  | { readonly kind: 'sender'; readonly sender: string }
  | { readonly kind: 'default' }
  /** No recipient: only mail for which a stage chose the route. */
  | { readonly kind: 'chosen' };

/** A smarthost: a name (its A and AAAA are used, never its MX), an IP address, or either in square brackets. */
export interface Smarthost {
  readonly host: string;
  readonly port: number;
  /** TLS begins before the greeting. */
  readonly implicitTls?: boolean;
}

/** Servers of another protocol than SMTP. */
interface ServersTarget<Kind extends 'lmtp' | PackageProtocol> {
  readonly kind: Kind;
  readonly servers: readonly MailServer[];
  readonly mode: 'failover' | 'balance';
  readonly tls?: TlsLevel | undefined;
}

/** Where the recipients of a rule go. */
export type RouteTarget =
  | { readonly kind: 'mx' }
  /** The MX hosts of another domain than the recipient's; on this port, or that of all MX hosts. */
  | { readonly kind: 'mx-of'; readonly domain: string; readonly port?: number | undefined }
  /** `failover`: in the order given; `balance`: all equally. */
  | {
      readonly kind: 'smarthost';
      readonly hosts: readonly Smarthost[];
      readonly mode: 'failover' | 'balance';
      /** Undefined: that of a [[tls]] or the default. */
      readonly tls?: TlsLevel | undefined;
      /** The log-in at the hosts; undefined: none. A rule with `logins` has one target for each. */
      readonly login?: HopLogin | undefined;
    }
  /** LMTP servers (RFC 2033). */
  | ServersTarget<'lmtp'>
  | ServersTarget<'qmqp'>
  | ServersTarget<'qmtp'>
  /** Into nothing: every recipient counts as delivered. */
  | { readonly kind: 'discard' }
  /** A program, an archive, other recipients, or nowhere for now. */
  | LocalWay
  /** Nowhere: 4yz is tried again until the message's lifetime ends, 5yz is returned at once. */
  | {
      readonly kind: 'error';
      readonly replyCode: number;
      readonly enhancedStatus: string;
      readonly text: string;
    };

/** Smarthosts that stand behind other hosts. */
export type Alternative = Extract<RouteTarget, { readonly kind: 'smarthost' }>;

/** A log-in at the hosts of a rule. */
export interface RuleLogin {
  readonly login: HopLogin;
  /** The reverse paths that it is for, as in `RouteMatch`; empty: those that no other log-in of the rule is for. */
  readonly senders: readonly string[];
}

export interface RouteRule {
  /** For people. Rules with the same name must have the same target. */
  readonly name: string;
  /** The name is only a place in the configuration, which may be that of another rule after a reload. */
  readonly isUnnamed?: boolean;
  readonly match: RouteMatch;
  readonly target: RouteTarget;
  /** With hosts or MX: smarthosts that are used while those cannot be reached, in this order. */
  readonly otherwise?: readonly Alternative[] | undefined;
  /** With hosts or MX: changes of the header on the way out. */
  readonly header?: HeaderChanges | undefined;
  /** With hosts or MX: the addresses of our own that connections come from; undefined: all. */
  readonly sources?: readonly string[] | undefined;
  /** With a smarthost: the log-ins there. Mail that none of them is for goes without one. */
  readonly logins?: readonly RuleLogin[];
  /** Where mail is told from mail without a rule that goes the same way, because it has other times. */
  readonly isTold?: true | undefined;
  /** Foreign senders are rewritten (SRS). */
  readonly rewritesSenders?: true | undefined;
  /** The hosts are told which client a message came from (XFORWARD). Rules of one name do so alike. */
  readonly tellsClient?: boolean | undefined;
  /** Senders of their own for recipients (VERP): see `VerpSetting`. */
  readonly verp?: string | undefined;
  /** Priority of messages without one of their own (RFC 6710): -9 to 9. */
  readonly priority?: number | undefined;
}
