// Who may relay by the certificate that it shows in TLS: one of some named by fingerprint, or any that an authority of the
// configuration has issued. Promises: in doubt, nobody.

import type { TLSSocket } from 'node:tls';

/** What Node's own TLS server asks about a client's chain, and has no public name for a socket that is put under TLS. */
interface Verifying {
  /** The error of OpenSSL; null when the chain leads to an authority, is valid now, and may be used by clients. */
  verifyError(): Error | null | undefined;
}

export class RelayCertificates {
  readonly #fingerprints: ReadonlySet<string>;
  readonly #hasAuthority: boolean;

  /**
   * @param fingerprints - SHA-256 of certificates, lower-case hex. Their dates do not matter: who lists a certificate means it
   * @param hasAuthority - the listener's contexts have the authorities of `relay_ca`
   */
  constructor(fingerprints: readonly string[], hasAuthority: boolean) {
    this.#fingerprints = new Set(fingerprints);
    this.#hasAuthority = hasAuthority;
  }

  /** Whether clients have to be asked for a certificate. */
  get areWanted(): boolean {
    return this.#hasAuthority || this.#fingerprints.size > 0;
  }

  /** @param socket - of the server, after its handshake */
  mayRelay(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): boolean {
    if (!this.areWanted) return false;
    // The client has proved in the handshake that it has the key (RFC 8446 4.4.3).
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return false;
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    return this.#fingerprints.has(fingerprint) || (this.#hasAuthority && isVerified(socket));
  }
}

function isVerified(socket: object): boolean {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  // `authorized` is set by tls.Server alone. Without the method, nobody is verified.
  return isVerifying(handle) && handle.verifyError() === null;
}

function isVerifying(handle: unknown): handle is Verifying {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'verifyError' in handle &&
    typeof handle.verifyError === 'function'
  );
}
