// From [[listen]] with protocol = "pop3", [pop3] and [receive] to the POP3 listeners.

import type { Config } from '../config/config.ts';
import { placeOf } from '../mailbox/mailbox-place.ts';
import { SharedUsage } from '../mailbox/quota/shared-usage.ts';
import type { Pop3Context } from '../pop3/pop3-context.ts';
import type { Pop3LimitSettings } from '../pop3/pop3-limits.ts';
import type { Pop3ListenerOptions } from '../pop3/pop3-listener.ts';
import type { Pop3SessionOptions } from '../protocol/pop3/server-types.ts';
import type { HandshakeLimits } from '../receive/handshake-limits.ts';
import type { LiveCertificates } from '../tls/live-certificates.ts';
import { formatListenAddress } from '../values/listen-address.ts';
import { NetworkSet } from '../values/network-set.ts';
import { tokenHints } from './directory.ts';
import { withOwnKeys } from './listeners.ts';
import { listenerSecurity } from './listener-security.ts';
import { authOffer, exemptClients } from './settings.ts';

/** Before the log-in. */
const loginTimeoutMs = 180_000;

/** Does any listener speak POP3? */
export function servesPop3({ listen }: Pick<Config, 'listen'>): boolean {
  return listen.some(({ protocol }) => protocol === 'pop3');
}

export function pop3Limits({ pop3, receive }: Config): Pop3LimitSettings {
  return {
    maxConnections: pop3.maxConnections,
    maxConnectionsPerClient: pop3.maxConnectionsPerClient,
    connectionRatePerClient: receive.connectionRatePerClient,
  };
}

/** What the contexts of listeners share. */
export type Pop3Parts = Omit<Pop3Context, 'settings' | 'tls' | 'hints' | 'folderOf' | 'removed'> & {
  readonly certificates: LiveCertificates;
  readonly handshakes: HandshakeLimits;
};

export function pop3Listeners(
  config: Config,
  { certificates, handshakes, ...common }: Pop3Parts,
): readonly Pop3ListenerOptions[] {
  const removed = removedFrom(config.mailboxes);
  return config.listen
    .filter(({ protocol }) => protocol === 'pop3')
    .map((listen) => {
      const own = withOwnKeys(config, listen);
      return {
        facts: { kind: 'pop3', name: formatListenAddress(listen.address) },
        address: listen.address,
        context: {
          ...common,
          settings: {
            session: sessionOptions(own, listen.receive.greeting),
            loginTimeoutMs,
            idleTimeoutMs: config.pop3.timeout,
            marksSeen: config.pop3.markSeen,
          },
          tls: listenerSecurity(own, certificates, handshakes),
          hints: tokenHints(config),
          folderOf: (user) => placeOf(config.mailboxes, user),
          removed,
        },
        balancers: new NetworkSet(listen.proxyProtocol),
        exempt: exemptClients(own),
        maxConnections: listen.receive.maxConnections ?? config.pop3.maxConnections,
      };
    });
}

/** This process only tells what is gone, and counts nothing. */
const shared = new SharedUsage((_, act) => act());

function removedFrom(settings: Config['mailboxes']): Pop3Context['removed'] {
  return (user, { bytes, messages }) => shared.add(settings, user, { bytes: -bytes, messages: -messages });
}

function sessionOptions(config: Config, greeting: string | undefined): Pop3SessionOptions {
  const { receive, hostname, pop3 } = config;
  const { clear, secure } = authOffer(config, 'smtp') ?? { clear: [], secure: [] };
  return {
    greeting: `${hostname} ${greeting ?? 'Sluice POP3'}`,
    implementation: 'Sluice',
    logins: { clear: receive.tls === 'required' ? [] : clear, secure },
    offersTls: receive.tls !== 'none' && receive.tls !== 'implicit',
    loginDelaySeconds: Math.ceil(pop3.loginDelay / 1000),
    maxErrors: receive.maxErrors,
  };
}
