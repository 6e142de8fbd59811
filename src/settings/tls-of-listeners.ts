// Which TLS each listener has: its own, or that of [receive].

import type { Config } from '../config/config.ts';
import type { ListenConfig } from '../config/listen-config.ts';

type ReceiveTls = Config['receive']['tls'];

/** QMQP and QMTP have no STARTTLS. A Unix-domain socket has TLS only when it is set for it: nothing of what is said there leaves this host. */
export function tlsOf(
  { address, protocol, receive: own }: Pick<ListenConfig, 'address' | 'protocol' | 'receive'>,
  { tls }: Pick<Config['receive'], 'tls'>,
): ReceiveTls {
  const isPackages = protocol === 'qmqp' || protocol === 'qmtp';
  if (isPackages && tls !== 'implicit') return own.tls ?? 'none';
  return own.tls ?? (address.kind === 'unix' ? 'none' : tls);
}

/** Does a listener have TLS, so that certificates are served? */
export function hasTls({ listen, receive }: Pick<Config, 'listen' | 'receive'>): boolean {
  return listen.some((each) => tlsOf(each, receive) !== 'none');
}
