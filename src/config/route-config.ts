// One [[route]] as the rest of Sluice sees it: its target is known, and it has only the keys of that kind.

import type { HeaderChanges } from '../values/header-changes.ts';
import type { LocalWay } from '../values/local-way.ts';
import type { MailServer } from '../values/mail-server.ts';
import type { PackageProtocol } from '../values/package-server.ts';
import type { FileRoute } from './file-route.ts';
import { atOnceOf, type DeliveryHere, wayOf } from './way-config.ts';

/** Where mail of one [[route]] goes. Sizes, times and names as in the file. */
export type RouteConfig = RouteMatch & RouteTarget;

/** What a message must be like, beside domain and sender: all that is given must hold. */
export interface RouteConditions {
  readonly recipient?: FileRoute['recipient'];
  readonly user?: FileRoute['user'];
  readonly tenant?: FileRoute['tenant'];
  /** Bytes. */
  readonly sizeOver?: number | undefined;
  readonly sizeUnder?: number | undefined;
  readonly header?: FileRoute['header'];
  readonly results?: FileRoute['results'];
  readonly clientTls?: boolean | undefined;
}

/** The default route has neither domains nor senders nor conditions. Without conditions, a route has domains or senders, not both. */
interface RouteMatch {
  /** It is decided when a message is accepted; only with a name. */
  readonly conditions?: RouteConditions;
  readonly name?: string | undefined;
  readonly domain: NonNullable<FileRoute['domain']>;
  readonly sender: NonNullable<FileRoute['sender']>;
  /** Only with relay, lmtp, qmqp, qmtp and mx. */
  readonly header?: HeaderChanges;
  /** The only addresses of our own that its connections come from; only with relay, lmtp, qmqp, qmtp and mx. */
  readonly sources?: readonly string[];
  /** Only with relay and mx. */
  readonly fallbackRelay?: FileRoute['fallbackRelay'];
  /** Name of a route with relay; only with relay and mx. */
  readonly else?: FileRoute['else'];
  readonly priority?: FileRoute['priority'];
  /** Foreign senders are rewritten; only with relay, qmqp, qmtp and mx. */
  readonly srs?: true;
  /** Delimiters of senders of their own (VERP); '' for none. */
  readonly verp?: string;
  /** This server is a backup MX of the domains; only with relay and mx. */
  readonly backup?: BackupConfig;
}

/** What a backup MX does for the domains of a route. */
export interface BackupConfig {
  /** The name of this server in the MX records; undefined: one of its names and addresses. */
  readonly as?: string;
  readonly recipients: 'check' | 'any';
  /** Recipients of whom nothing is known while the primary server cannot be asked. */
  readonly unlearned: 'accept' | 'tempfail';
  /** Ms between two looks after a primary server that is down; 0: none. */
  readonly probeMs: number;
  readonly etrn: boolean;
  /** Ms that mail waits for the primary server; undefined: the default, which looks at [queue]. */
  readonly lifetimeMs?: number;
}
type RouteTarget =
  | {
      readonly kind: 'relay';
      readonly relay: NonNullable<FileRoute['relay']>;
      readonly ignoreExtensions?: FileRoute['ignoreExtensions'];
      readonly pipelineDepth?: FileRoute['pipelineDepth'];
      readonly mode: FileRoute['mode'];
      readonly tls?: FileRoute['tls'];
      /** Names; none or not given: it logs in nowhere. */
      readonly credential?: readonly string[];
    }
  | {
      readonly kind: 'lmtp';
      readonly lmtp: NonNullable<FileRoute['lmtp']>;
      readonly mode: FileRoute['mode'];
      readonly tls?: FileRoute['tls'];
    }
  | {
      readonly kind: PackageProtocol;
      readonly servers: readonly MailServer[];
      readonly mode: FileRoute['mode'];
      readonly tls?: FileRoute['tls'];
    }
  | { readonly kind: 'discard' }
  | {
      readonly kind: 'pipe' | 'archive' | 'mailbox' | 'local' | 'redirect' | 'hold';
      readonly way: LocalWay;
      /** How many runs there may be at once; 0: none. */
      readonly atOnce: number;
    }
  | { readonly kind: 'error'; readonly error: NonNullable<FileRoute['error']> }
  | { readonly kind: 'mx' };

/** @param here - for routes that deliver on this host */
export function toRouteConfig(route: FileRoute, here: DeliveryHere): RouteConfig {
  const { name, domain = [], sender = [], priority, srs, verp } = route;
  const match = {
    ...(isConditional(route) && { conditions: conditionsOf(route) }),
    ...(name !== undefined && { name }),
    domain,
    sender,
    ...(priority !== undefined && { priority }),
    ...(srs === true && { srs }),
    ...headerOf(route),
    ...(route.source !== undefined && { sources: route.source }),
    ...(route.fallbackRelay !== undefined && { fallbackRelay: route.fallbackRelay }),
    ...(route.else !== undefined && { else: route.else }),
    ...(verp !== undefined && { verp }),
    ...(route.backup !== undefined && { backup: toBackupConfig(route.backup, route) }),
  };
  const servers = { mode: route.mode, ...(route.tls !== undefined && { tls: route.tls }) };
  if (route.relay !== undefined) {
    const { credential, ignoreExtensions, pipelineDepth, relay } = route;
    const quirks = {
      ...(ignoreExtensions !== undefined && { ignoreExtensions }),
      ...(pipelineDepth !== undefined && { pipelineDepth }),
    };
    const logins = { ...(credential !== undefined && { credential: [credential].flat() }) };
    return { ...match, kind: 'relay', relay, ...servers, ...quirks, ...logins };
  }
  if (route.lmtp !== undefined) return { ...match, kind: 'lmtp', lmtp: route.lmtp, ...servers };
  if (route.qmqp !== undefined) return { ...match, kind: 'qmqp', servers: route.qmqp, ...servers };
  if (route.qmtp !== undefined) return { ...match, kind: 'qmtp', servers: route.qmtp, ...servers };
  const way = wayOf(route, here);
  if (way !== undefined) return { ...match, kind: way.kind, way, atOnce: atOnceOf(route, way) };
  if (route.discard !== undefined) return { ...match, kind: 'discard' };
  if (route.error !== undefined) return { ...match, kind: 'error', error: route.error };
  return { ...match, kind: 'mx' };
}

function headerOf({ removeHeader, replaceHeader, addHeader }: FileRoute): Pick<RouteMatch, 'header'> {
  if (removeHeader === undefined && replaceHeader === undefined && addHeader === undefined) return {};
  return { header: { remove: removeHeader ?? [], replace: replaceHeader ?? [], add: addHeader ?? [] } };
}

function conditionsOf(route: FileRoute): RouteConditions {
  const { recipient, user, tenant, sizeOver, sizeUnder, header, results, clientTls } = route;
  return { recipient, user, tenant, sizeOver, sizeUnder, header, results, clientTls };
}

/** As `isConditional` of the schema, by the names of this side. */
function isConditional(route: FileRoute): boolean {
  if (route.domain !== undefined && route.sender !== undefined) return true;
  return Object.values(conditionsOf(route)).some((value) => value !== undefined);
}

function toBackupConfig(backup: true | string, route: FileRoute): BackupConfig {
  return {
    ...(backup !== true && { as: backup }),
    recipients: route.backupRecipients ?? 'check',
    unlearned: route.backupUnlearned ?? 'accept',
    probeMs: route.backupProbe ?? 60_000,
    etrn: route.backupEtrn ?? true,
    ...(route.backupLifetime !== undefined && { lifetimeMs: route.backupLifetime }),
  };
}
