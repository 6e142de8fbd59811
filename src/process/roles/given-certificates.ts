// The certificates of a receiver's process, which the supervisor gives: the first follows the message `start`, others come later.

import { LiveCertificates } from '../../tls/live-certificates.ts';
import type { TlsMaterial } from '../../tls/tls-material.ts';

export class GivenCertificates {
  readonly #first = Promise.withResolvers<LiveCertificates>();
  #live: LiveCertificates | undefined;

  /** Resolves when the supervisor has given some. */
  get live(): Promise<LiveCertificates> {
    return this.#first.promise;
  }

  give(material: TlsMaterial): void {
    if (this.#live !== undefined) {
      this.#live.use(material);
      return;
    }
    this.#live = new LiveCertificates(material);
    this.#first.resolve(this.#live);
  }
}
