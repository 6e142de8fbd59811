// From [receive], with a listener's own keys in place, to how its sessions come under TLS.

import type { Config } from '../config/config.ts';
import type { HandshakeLimits, HandshakeLimitSettings } from '../receive/handshake-limits.ts';
import type { ListenerSecurity } from '../receive/listener-security.ts';
import type { LiveCertificates } from '../tls/live-certificates.ts';
import { LoginCertificates } from '../tls/login-certificates.ts';
import { RelayCertificates } from '../tls/relay-certificates.ts';

/** @returns undefined for a listener without TLS */
export function listenerSecurity(
  config: Config,
  certificates: LiveCertificates,
  handshakes: HandshakeLimits,
): ListenerSecurity | undefined {
  const { tls, tlsMinVersion, tlsHandshakeTimeout, relayCertificates, relayCa, loginCa } = config.receive;
  if (tls === 'none') return undefined;
  const authoritiesOf = (path: string | undefined) =>
    path === undefined ? undefined : () => certificates.authorities(path);
  const relay = new RelayCertificates(relayCertificates, authoritiesOf(relayCa));
  const logins = new LoginCertificates(authoritiesOf(loginCa));
  return {
    isImplicit: tls === 'implicit',
    handshakeTimeoutMs: tlsHandshakeTimeout,
    relay,
    logins,
    certificates: certificates.forListener({
      minVersion: tlsMinVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      clientCertificates: relay.areWanted || logins.areWanted,
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
