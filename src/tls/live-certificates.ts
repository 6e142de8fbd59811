// The certificates of one receiver process: what the supervisor sent last, and the contexts that listeners need of it. A renewed
// certificate is in force from the next handshake on; sessions that are there keep theirs.

import { X509Certificate } from 'node:crypto';
import { type ChainCertificate, chainCertificate } from './certificate-chain.ts';
import { pemBlocks } from './pem.ts';
import type { ServerCertificates } from './server-certificates.ts';
import { type ListenerTls, ServerContexts } from './server-contexts.ts';
import type { TlsMaterial } from './tls-material.ts';

export class LiveCertificates {
  #material: TlsMaterial;
  /** By the settings of listeners, made when they are first needed: a listener without TLS costs nothing. */
  #contexts = new Map<string, ServerContexts>();
  /** The contexts of the certificates of before, until there are new ones. */
  #former: ReadonlyMap<string, ServerContexts> = new Map();

  /** By the path of their file, read when they are first needed. */
  readonly #authorities = new Map<string, readonly ChainCertificate[]>();

  constructor(material: TlsMaterial) {
    this.#material = material;
  }

  /** Replaces the certificates. Without any, no listener has TLS from now on; what began under TLS goes on with those of before. */
  use(material: TlsMaterial): void {
    if (material.certificates.length === 0) return;
    this.#material = material;
    this.#authorities.clear();
    this.#former = this.#contexts;
    this.#contexts = new Map();
  }

  /** For a listener: keep the object; its contexts are those of the moment. Listeners with the same settings share them. */
  forListener(listener: ListenerTls): ServerCertificates {
    const settings = JSON.stringify([listener.minVersion, listener.clientCertificates]);
    const contexts = () => this.#contextsFor(settings, listener);
    return {
      contextFor: (serverName) => contexts().contextFor(serverName),
      get defaultContext() {
        return contexts().defaultContext;
      },
    };
  }

  /** The authorities in a file of `relay_ca`, as anchors of chains. @param path - of the file */
  authorities(path: string): readonly ChainCertificate[] {
    const known = this.#authorities.get(path);
    if (known !== undefined) return known;
    const read = pemBlocks(this.#material.authorities[path] ?? '')
      .map(({ text }) => chainCertificate(new X509Certificate(text).raw, true))
      .filter((one) => one !== undefined);
    this.#authorities.set(path, read);
    return read;
  }

  #contextsFor(settings: string, listener: ListenerTls): ServerContexts {
    const known = this.#contexts.get(settings);
    if (known !== undefined) return known;
    const made = this.#make(settings, listener);
    this.#contexts.set(settings, made);
    return made;
  }

  /** The supervisor has examined each certificate, so this fails only when memory is short: then those of before serve on. */
  #make(settings: string, listener: ListenerTls): ServerContexts {
    const former = this.#former.get(settings);
    try {
      return new ServerContexts(this.#material, listener);
    } catch (error) {
      if (former === undefined) throw error;
      return former;
    }
  }
}
