// From [receive] and [[listen]] to the listeners of a receiver process. This is the one place where a listener's own keys replace
// those of [receive].

import type { Config, ReceiveConfig } from '../config/config.ts';
import type { ListenConfig } from '../config/listen-config.ts';
import type { ListenerTlsFacts } from '../control/operations/tls.ts';
import type { ListenerOptions } from '../receive/listener.ts';
import type { ListenerFacts } from '../policy/stage.ts';
import type { ReceiveContext } from '../receive/receive-context.ts';
import type { ServerSessionOptions } from '../protocol/smtp/server/server-types.ts';
import { formatListenAddress } from '../values/listen-address.ts';
import { NetworkSet } from '../values/network-set.ts';
import { configOfBack } from './content-filter.ts';
import { exemptClients } from './settings.ts';
import { tlsOf } from './tls-of-listeners.ts';

/** Which process listens. */
export interface ReceiverPlace {
  readonly index: number;
  readonly receivers: number;
}

/** Makes the context of a listener from a configuration with its own keys in place of those of [receive]; `name` is that of a [[listen]]. */
export type ContextOf = (
  config: Config,
  protocol: ServerSessionOptions['protocol'],
  fromFilter?: ListenConfig['fromFilter'],
  name?: string,
) => ReceiveContext;

const nobody = new NetworkSet([]);

/** Every program of this host may write to the submission socket. */
const submissionMode = 0o666;

/**
 * The listeners of one receiver process. A Unix-domain socket cannot be shared by processes: the first has them all.
 * @param contextOf - called once for each listener
 */
export function listenersOf(
  config: Config,
  { index, receivers }: ReceiverPlace,
  contextOf: ContextOf,
): readonly ListenerOptions[] {
  const own = config.listen.flatMap((listen) => {
    const { protocol } = listen;
    if (protocol === 'pop3') return [];
    if (listen.address.kind === 'unix' && index > 0) return [];
    return [listenerOf(configOf(config, listen), { ...listen, protocol }, receivers, contextOf)];
  });
  return index > 0 ? own : [submissionListener(config, contextOf), ...own];
}

function isForLocalMail(stage: Config['stage'][number]): boolean {
  // A filter is for all mail, unless listeners of its own are named.
  if (stage.kind === 'content-filter') return stage.localMail ?? stage.listen === undefined;
  return (stage.kind === 'milter' || stage.kind === 'plugin') && stage.localMail;
}

function submissionListener(config: Config, contextOf: ContextOf): ListenerOptions {
  const path = config.submissionSocket;
  return {
    facts: { kind: 'submission', name: path },
    address: { kind: 'unix', path },
    isShared: false,
    socketMode: submissionMode,
    completesMail: true,
    // What is said there never leaves this host.
    context: contextOf(
      // qmail-inject hands nothing to plugins of qmail-spp, either.
      {
        ...config,
        stage: config.stage.filter(isForLocalMail),
        rewrite: config.rewrite.filter(({ listen }) => listen === undefined),
        receive: { ...config.receive, tls: 'none', auth: 'none' },
      },
      'smtp',
    ),
    exempt: exemptClients(config),
    balancers: nobody,
    xclient: nobody,
    xforward: nobody,
    // Whoever may hand mail in here may choose any sender.
    xverp: { has: () => true },
    maxConnections: undefined,
    hasOwnClientLimits: false,
  };
}

function listenerOf(
  config: Config,
  {
    address,
    protocol,
    socketMode,
    socketName,
    completeMail,
    fromFilter,
    proxyProtocol,
    xclient,
    xclientLogins,
    xforward,
    xverp,
    receive,
  }: ListenConfig & { readonly protocol: ListenerFacts['kind'] & ListenConfig['protocol'] },
  receivers: number,
  contextOf: ContextOf,
): ListenerOptions {
  const { maxConnections, maxConnectionsPerClient, connectionRatePerClient } = receive;
  return {
    facts: { kind: protocol, name: formatListenAddress(address) },
    address,
    isShared: receivers > 1 && address.kind === 'tcp' && address.port !== 0,
    socketMode,
    socketName,
    completesMail: completeMail && fromFilter === undefined,
    context: contextOf(config, protocol, fromFilter, formatListenAddress(address)),
    exempt: exemptClients(config),
    maxConnections: maxConnections === undefined ? undefined : Math.ceil(maxConnections / receivers),
    balancers: new NetworkSet(proxyProtocol),
    xclient: new NetworkSet(xclient),
    relaysToldLogins: xclientLogins,
    xforward: new NetworkSet(xforward),
    xverp: new NetworkSet(xverp),
    hasOwnClientLimits: maxConnectionsPerClient !== undefined || connectionRatePerClient !== undefined,
  };
}

function configOf(config: Config, listen: ListenConfig): Config {
  const own = withOwnKeys(config, listen);
  return listen.fromFilter === undefined ? own : configOfBack(own, listen);
}

/** The configuration with a listener's own keys in place of those of [receive]. */
export function withOwnKeys(
  config: Config,
  { address, receive: own, protocol, clientRules }: ListenConfig,
): Config {
  const given: Partial<ReceiveConfig> = Object.fromEntries(
    Object.entries(own).filter(([, value]) => value !== undefined),
  );
  const greeting = own.greeting ?? greetingIn(protocol, config.receive.greeting);
  // As in [receive]: who may relay is not limited, unless exempt networks are named.
  const clientLimitsExempt = own.clientLimitsExempt ?? own.relayNetworks ?? config.receive.clientLimitsExempt;
  const tls = tlsOf({ address, protocol, receive: own }, config.receive);
  const isHere = ({ listen }: { readonly listen?: readonly string[] | undefined }): boolean =>
    listen?.includes(formatListenAddress(address)) !== false;
  return {
    ...config,
    stage: config.stage.filter(isHere),
    rewrite: config.rewrite.filter(isHere),
    clients: { ...config.clients, rules: clientRules ?? config.clients.rules },
    receive: { ...config.receive, ...given, greeting, clientLimitsExempt, tls },
  };
}

/** What `sluice tls` says of the listeners. */
export function shownListeners(config: Config): readonly ListenerTlsFacts[] {
  return config.listen.map((listen) => {
    const { tls, relayCertificates, relayCa, loginCa } = withOwnKeys(config, listen).receive;
    const asksClients = relayCertificates.length > 0 || relayCa !== undefined || loginCa !== undefined;
    return { address: formatListenAddress(listen.address), protocol: listen.protocol, tls, asksClients };
  });
}

/** The listeners that take log-ins, for people. */
export function loginListeners(
  config: Config,
): readonly { readonly address: string; readonly auth: string; readonly tls: string }[] {
  return config.listen.flatMap((listen) => {
    const { auth, tls } = withOwnKeys(config, listen).receive;
    return auth === 'none' ? [] : [{ address: formatListenAddress(listen.address), auth, tls }];
  });
}

/** A client may look for "ESMTP" in the greeting of a server. */
function greetingIn(protocol: ListenConfig['protocol'], greeting: string): string {
  return protocol === 'lmtp' ? greeting.replace(/^ESMTP\b/u, 'LMTP') : greeting;
}
