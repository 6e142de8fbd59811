// As whom a client may log in by the certificate that it shows in TLS (EXTERNAL): one that an authority of `login_ca` has issued names its user.
// Promises: in doubt, nobody.

import type { TLSSocket } from 'node:tls';
import type { ChainCertificate } from './certificate-chain.ts';
import { usersOfCertificate } from './certificate-users.ts';
import { isIssuedForClients } from './client-chain.ts';

const nobody: readonly string[] = [];

export class LoginCertificates {
  readonly #authorities: (() => readonly ChainCertificate[]) | undefined;

  /** @param authorities - those of `login_ca` now, as anchors; undefined: none are configured */
  constructor(authorities?: () => readonly ChainCertificate[]) {
    this.#authorities = authorities;
  }

  /** Whether clients have to be asked for a certificate. */
  get areWanted(): boolean {
    return this.#authorities !== undefined;
  }

  /**
   * The addresses that the certificate of a client names; empty without a valid one.
   * @param socket - of the server, after its handshake
   */
  usersOf(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): readonly string[] {
    if (this.#authorities === undefined) return nobody;
    // The client has proved in the handshake that it has the key (RFC 8446 4.4.3).
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined || !isIssuedForClients(certificate, this.#authorities(), Date.now()))
      return nobody;
    return usersOfCertificate(certificate);
  }
}
