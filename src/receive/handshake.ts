// One TLS handshake of a client: refused or admitted by the limits, and ended exactly once, with what it came to.

import { createHash, type KeyObject } from 'node:crypto';
import type { TLSSocket, TLSSocketOptions } from 'node:tls';
import type { TlsFacts } from '../policy/stage.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { HandshakeRefusal } from './handshake-limits.ts';
import type { ListenerSecurity } from './listener-security.ts';

/** RFC 3207 4: 454. The words say to an administrator which limit it was. */
const refusals: Readonly<Record<HandshakeRefusal, Reply>> = {
  all: { code: 454, enhanced: '4.7.0', text: 'TLS is not available now: too many handshakes at once' },
  client: {
    code: 454,
    enhanced: '4.7.0',
    text: 'TLS is not available now: too many handshakes from your address at once',
  },
  failures: {
    code: 454,
    enhanced: '4.7.0',
    text: 'TLS is not available now: too many handshakes from your address have failed',
  },
};

const noTls: Reply = { code: 454, enhanced: '4.7.0', text: 'TLS is not available now' };

export class Handshake {
  readonly startedAtMs = performance.now();
  readonly #tls: ListenerSecurity;
  readonly #client: string;
  #ended = false;

  private constructor(tls: ListenerSecurity, client: string) {
    this.#tls = tls;
    this.#client = client;
  }

  /**
   * Begins a handshake.
   * @param tls - undefined where TLS is not possible
   * @returns the reply that refuses it, e.g. when a limit is reached
   */
  static begin(tls: ListenerSecurity | undefined, client: string): Handshake | Reply {
    if (tls === undefined) return noTls;
    const limited = tls.limitsClients ? client : '';
    const refusal = tls.handshakes.begin(limited, performance.now());
    return refusal === undefined ? new Handshake(tls, limited) : refusals[refusal];
  }

  get timeoutMs(): number {
    return this.#tls.handshakeTimeoutMs;
  }

  get socketOptions(): TLSSocketOptions {
    const { certificates, relay, logins } = this.#tls;
    return {
      secureContext: certificates.defaultContext,
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      requestCert: relay.areWanted || logins.areWanted,
      rejectUnauthorized: false,
    };
  }

  /**
   * @param how - `failed` counts for its client; `given-up`: we have ended it ourselves
   * @returns false when it had ended already
   */
  end(how: 'secured' | 'failed' | 'given-up'): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#tls.handshakes.end(this.#client, how === 'failed', performance.now());
    return true;
  }
}

/**
 * The facts of a connection whose handshake is through.
 * @param mayRelay - by its certificate
 */
export function tlsFactsOf(socket: TLSSocket, mayRelay: boolean): TlsFacts {
  const certificate = mayRelay ? socket.getPeerX509Certificate() : undefined;
  // False where the client asked for no name.
  const { servername } = socket;
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    certificateSubject: certificate?.subject.replaceAll('\n', ', '),
    ...(typeof servername === 'string' && { serverName: servername }),
    ...(certificate !== undefined && {
      certificateIssuer: certificate.issuer.replaceAll('\n', ', '),
      certificateFingerprint: certificate.fingerprint256,
      publicKeyFingerprint: fingerprintOf(certificate.publicKey),
    }),
  };
}

/** SHA-256 of the key in the form of X.509 (SubjectPublicKeyInfo), as Postfix counts it. */
function fingerprintOf(key: KeyObject): string {
  const digest = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return digest.toUpperCase().replaceAll(/..(?=.)/g, '$&:');
}
