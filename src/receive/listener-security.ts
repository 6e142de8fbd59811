// How the sessions of one listener come under TLS.

import type { ServerCertificates } from '../tls/server-certificates.ts';
import type { LoginCertificates } from '../tls/login-certificates.ts';
import type { RelayCertificates } from '../tls/relay-certificates.ts';
import type { HandshakeLimits } from './handshake-limits.ts';

export interface ListenerSecurity {
  /** TLS from the first byte on (RFC 8314 3.3), without STARTTLS. */
  readonly isImplicit: boolean;
  /** The longest time for a whole handshake. */
  readonly handshakeTimeoutMs: number;
  /** Who may relay by a certificate. Whether a client has one, and which, never makes a handshake fail. */
  readonly relay: RelayCertificates;
  /** Who may log in by a certificate; the same holds. */
  readonly logins: LoginCertificates;
  readonly certificates: ServerCertificates;
  /** Of the whole process. */
  readonly handshakes: HandshakeLimits;
  /** Whether the limits per client apply. */
  readonly limitsClients: boolean;
}
