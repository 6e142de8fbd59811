// The certificates of one receiver process: what the supervisor sent last, and for each kind of listener its contexts. A renewed
// certificate is in force from the next handshake on; sessions that are there keep theirs.

import type { SecureContext } from 'node:tls';
import type { ServerCertificates } from './server-certificates.ts';
import { type ListenerTls, ServerContexts } from './server-contexts.ts';
import type { TlsMaterial } from './tls-material.ts';

export class LiveCertificates {
  #material: TlsMaterial;
  /** Counts what was sent, so that contexts notice that they are out of date. */
  #version = 0;

  constructor(material: TlsMaterial) {
    this.#material = material;
  }

  /** Replaces the certificates. */
  use(material: TlsMaterial): void {
    this.#material = material;
    this.#version++;
  }

  /** For a listener: keep the object; its contexts are those of the moment. */
  forListener(listener: ListenerTls): ServerCertificates {
    const make = () => new ServerContexts(this.#material, listener);
    return new ListenerCertificates(make, () => this.#version);
  }
}

/** Makes its contexts when they are first asked for: a listener without TLS costs nothing. */
class ListenerCertificates implements ServerCertificates {
  readonly #make: () => ServerContexts;
  readonly #currentVersion: () => number;
  #contexts: ServerContexts | undefined;
  #version = -1;

  constructor(make: () => ServerContexts, currentVersion: () => number) {
    this.#make = make;
    this.#currentVersion = currentVersion;
  }

  contextFor(serverName: string): SecureContext | undefined {
    return this.#current().contextFor(serverName);
  }

  get defaultContext(): SecureContext {
    return this.#current().defaultContext;
  }

  #current(): ServerContexts {
    const version = this.#currentVersion();
    if (this.#contexts !== undefined && this.#version === version) return this.#contexts;
    this.#version = version;
    // The supervisor has examined each certificate, so this throws only when memory is short: then those of before serve on.
    try {
      this.#contexts = this.#make();
    } catch (error) {
      if (this.#contexts === undefined) throw error;
    }
    return this.#contexts;
  }
}
