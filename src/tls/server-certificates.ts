// What a session under TLS needs to know of certificates: the context for the name that the client asks for.

import type { SecureContext } from 'node:tls';

export interface ServerCertificates {
  /**
   * Context for this SNI name (RFC 6066 3); undefined: the handshake goes on with the default one, as for '' and for names that no
   * certificate has. Never throws.
   */
  contextFor(serverName: string): SecureContext | undefined;
  /** The context to begin a handshake with; it has the ticket keys. */
  readonly defaultContext: SecureContext;
}
