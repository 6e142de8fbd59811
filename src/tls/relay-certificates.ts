// Who may relay by the certificate that it shows in TLS: one of some named by fingerprint, or any that an authority of the
// configuration has issued. The authorities are not in the contexts of the listener: from there, OpenSSL would also send them to clients,
// to complete our own chain. Promises: in doubt, nobody.

import type { TLSSocket } from 'node:tls';
import type { ChainCertificate } from './certificate-chain.ts';
import { isIssuedForClients } from './client-chain.ts';

export class RelayCertificates {
  readonly #fingerprints: ReadonlySet<string>;
  readonly #authorities: (() => readonly ChainCertificate[]) | undefined;

  /**
   * @param fingerprints - SHA-256 of certificates, lower-case hex. Their dates do not matter: who lists a certificate means it
   * @param authorities - those of `relay_ca` now, as anchors; undefined: none are configured
   */
  constructor(fingerprints: readonly string[], authorities?: () => readonly ChainCertificate[]) {
    this.#fingerprints = new Set(fingerprints);
    this.#authorities = authorities;
  }

  /** Whether clients have to be asked for a certificate. */
  get areWanted(): boolean {
    return this.#authorities !== undefined || this.#fingerprints.size > 0;
  }

  /** @param socket - of the server, after its handshake */
  mayRelay(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): boolean {
    if (!this.areWanted) return false;
    // The client has proved in the handshake that it has the key (RFC 8446 4.4.3).
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return false;
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    if (this.#fingerprints.has(fingerprint)) return true;
    return (
      this.#authorities !== undefined && isIssuedForClients(certificate, this.#authorities(), Date.now())
    );
  }
}
