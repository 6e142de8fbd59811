// One [[listen]] as the rest of Sluice sees it: its own values of keys of [receive] apart from the rest.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { listeners } from './schema/listen.ts';

type FileListen = DeepReadonly<CamelKeys<z.output<typeof listeners>>>[number];

/** Keys of a listener that [receive] does not have. */
type OwnKey =
  | 'address'
  | 'protocol'
  | 'socketMode'
  | 'socketName'
  | 'completeMail'
  | 'proxyProtocol'
  | 'xclient'
  | 'xclientLogins'
  | 'xforward'
  | 'xverp'
  | 'fromFilter'
  | 'clientRules';

/** The path of a Unix-domain socket is absolute. */
export type ListenConfig = Pick<FileListen, OwnKey> & {
  /** Those that are not given are as in [receive]. */
  readonly receive: Omit<FileListen, OwnKey>;
};

/**
 * What a listener for submission has by itself: RFC 6409 4.3 asks for log-ins, and RFC 8314 3.3 for TLS from the first byte on port 465.
 * RFC 6409 3.1: other servers do not come to these ports.
 */
const ofSubmission: ReadonlyMap<number, Required<Pick<FileListen, 'auth' | 'tls'>>> = new Map([
  [587, { auth: 'required', tls: 'required' }],
  [465, { auth: 'required', tls: 'implicit' }],
]);

/**
 * @param folder - where a relative path starts
 * @param hasUsers - whether there are users who can log in
 */
export function toListenConfig(given: FileListen, folder: string, hasUsers: boolean): ListenConfig {
  const listen = hasUsers ? withSubmission(withPop3(given)) : given;
  const {
    address,
    protocol,
    socketMode,
    socketName,
    completeMail,
    proxyProtocol,
    xclient,
    xclientLogins,
    xforward,
    xverp,
    fromFilter,
    clientRules,
    ...own
  } = listen;
  const receive = {
    ...own,
    ...(own.relayCa !== undefined && { relayCa: resolve(folder, own.relayCa) }),
    ...(own.loginCa !== undefined && { loginCa: resolve(folder, own.loginCa) }),
  };
  return {
    address: address.kind === 'unix' ? { ...address, path: resolve(folder, address.path) } : address,
    protocol,
    socketMode,
    ...(socketName !== undefined && { socketName }),
    completeMail,
    proxyProtocol,
    xclient,
    xclientLogins,
    xforward,
    xverp,
    ...(fromFilter !== undefined && { fromFilter }),
    ...(clientRules !== undefined && { clientRules }),
    receive,
  };
}

/** RFC 8314 3.3: TLS from the first byte on port 995. Nobody does anything before a log-in. */
function withPop3(listen: FileListen): FileListen {
  const { address, protocol, tls } = listen;
  if (protocol !== 'pop3') return listen;
  const isImplicit = address.kind === 'tcp' && address.port === 995;
  return { ...listen, auth: 'required', ...(isImplicit && { tls: tls ?? 'implicit' }) };
}

function withSubmission(listen: FileListen): FileListen {
  const { address, protocol, auth, tls } = listen;
  const usual = address.kind === 'tcp' && protocol === 'smtp' ? ofSubmission.get(address.port) : undefined;
  if (usual === undefined || auth === 'none') return listen;
  return { ...listen, auth: auth ?? usual.auth, tls: tls ?? usual.tls };
}
