// What SCRAM with PLUS may bind a log-in to: the TLS connection that ends here (RFC 9266), and the certificate that it has shown
// (RFC 5929 4). Both are computed when a client asks for them.

import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type ChannelBindings, noBindings } from '../sasl/scram-exchange.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { TlsLogins } from './tls-logins.ts';

/** RFC 9266 2: the label, an empty context, and the length of the value. */
const exporterLabel = 'EXPORTER-Channel-Binding';
const exporterBytes = 32;

type Connection = Pick<
  TLSSocket,
  'getProtocol' | 'getCertificate' | 'isSessionReused' | 'exportKeyingMaterial'
>;

export class ConnectionBindings implements ChannelBindings {
  readonly #socket: Connection;
  /** Undefined before it was computed. */
  #endPoint: Uint8Array | 'none' | undefined;

  /** @param socket - its handshake is through */
  constructor(socket: Connection) {
    this.#socket = socket;
  }

  get isEmpty(): boolean {
    return !this.#hasExporter && this.#certificateHash() === undefined;
  }

  get(type: string): Uint8Array | undefined {
    if (type === 'tls-exporter' && this.#hasExporter) {
      return this.#socket.exportKeyingMaterial(exporterBytes, exporterLabel, Buffer.alloc(0));
    }
    return type === 'tls-server-end-point' ? this.#certificateHash() : undefined;
  }

  /** RFC 9266 4.2: before TLS 1.3, two connections might share the value, unless an extension was agreed on that Node does not show. */
  get #hasExporter(): boolean {
    return this.#socket.getProtocol() === 'TLSv1.3';
  }

  #certificateHash(): Uint8Array | undefined {
    // A session that was taken up again has shown no certificate: the client knows that of the first one, and we do not.
    this.#endPoint ??= (this.#socket.isSessionReused() ? undefined : endPointOf(this.#socket)) ?? 'none';
    return this.#endPoint === 'none' ? undefined : this.#endPoint;
  }
}

function endPointOf(socket: Connection): Uint8Array | undefined {
  const shown = socket.getCertificate();
  return shown !== null && 'raw' in shown ? endPointBinding(shown.raw) : undefined;
}

/**
 * The value of `tls-server-end-point` (RFC 5929 4.1).
 * @param certificate - in DER
 * @returns undefined where the signature of the certificate has no hash function of its own (Ed25519), or two (RSASSA-PSS): then
 * the value is not defined
 */
export function endPointBinding(certificate: Uint8Array): Uint8Array | undefined {
  const { signatureAlgorithm = '' } = new X509Certificate(certificate);
  const name = /(?:md5|sha-?(?:1|224|256|384|512)?)(?![0-9])/i.exec(signatureAlgorithm)?.[0];
  if (name === undefined) return undefined;
  const hash = name.toLowerCase().replace('-', '');
  // RFC 5929 4.1: MD5 and SHA-1 are replaced by SHA-256.
  const used = hash === 'md5' || hash === 'sha1' || hash === 'sha' ? 'sha256' : hash;
  return createHash(used).update(certificate).digest();
}

/**
 * What log-ins may use of a connection that is under TLS now.
 * @param rights - of the client: the certificate of a front end is not that of its clients
 */
export function tlsLoginsOf(
  socket: TLSSocket,
  context: Pick<ReceiveContext, 'settings' | 'tls'>,
  rights: { readonly xclient: boolean },
): TlsLogins {
  const certificateNames = rights.xclient ? undefined : context.tls?.logins.usersOf(socket);
  return { bindings: bindingsOf(socket, context), certificateNames: certificateNames ?? [] };
}

function bindingsOf(socket: TLSSocket, { settings }: Pick<ReceiveContext, 'settings'>): ChannelBindings {
  const isOffered = settings.session.auth?.secure.some((name) => name.endsWith('-PLUS')) === true;
  return isOffered ? new ConnectionBindings(socket) : noBindings;
}
