// From [receive], with a listener's own keys in place, to how its sessions come under TLS.

import type { Config } from '../config/config.ts';
import type { HandshakeLimits, HandshakeLimitSettings } from '../receive/handshake-limits.ts';
import type { ListenerSecurity } from '../receive/listener-security.ts';
import type { LiveCertificates } from '../tls/live-certificates.ts';
import { RelayCertificates } from '../tls/relay-certificates.ts';

/** @returns undefined for a listener without TLS */
export function listenerSecurity(
  config: Config,
  certificates: LiveCertificates,
  handshakes: HandshakeLimits,
): ListenerSecurity | undefined {
  const { tls, tlsMinVersion, tlsHandshakeTimeout, relayCertificates, relayCa = '' } = config.receive;
  if (tls === 'none') return undefined;
  const authorities = relayCa === '' ? undefined : () => certificates.authorities(relayCa);
  const relay = new RelayCertificates(relayCertificates, authorities);
  return {
    isImplicit: tls === 'implicit',
    handshakeTimeoutMs: tlsHandshakeTimeout,
    relay,
    certificates: certificates.forListener({
      minVersion: tlsMinVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      clientCertificates: relay.areWanted,
    }),
    handshakes,
    limitsClients: true,
  };
}

/** The limits of one receiver process: each gets its share, since the kernel distributes clients evenly. */
export function handshakeLimits({ receive, processes }: Config): HandshakeLimitSettings {
  const share = (limit: number) => Math.ceil(limit / processes.receivers);
  const { count, perMs } = receive.tlsFailuresPerClient;
  return {
    maxHandshakes: share(receive.maxTlsHandshakes),
    maxHandshakesPerClient: share(receive.maxTlsHandshakesPerClient),
    failuresPerClient: { count: share(count), perMs },
  };
}
