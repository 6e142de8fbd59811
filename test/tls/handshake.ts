// A server under TLS and a client that connects to it, for tests of what they agree on.

import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import * as tls from 'node:tls';
import type { ServerCertificates } from '../../src/tls/server-certificates.ts';

/** What a client saw of its session, and what the server saw. */
export interface Handshake {
  /** Subject alternative name of the server's certificate; empty in a resumed session, which has none. */
  readonly names: string;
  readonly keyType: string;
  /** SHA-256 of each certificate that the server sent, lower-case hex; empty in a resumed session. */
  readonly chain: readonly string[];
  readonly protocol: string;
  readonly cipher: string;
  readonly isResumed: boolean;
  /** For the next connection. */
  readonly session: Buffer | undefined;
  /** What `inspect` returned of the server's socket. */
  readonly seen: unknown;
}

export interface TlsServer {
  connect(options?: tls.ConnectionOptions): Promise<Handshake>;
  close(): Promise<void>;
}

/**
 * Serves TLS as a receiver does.
 * @param requestCert - the client is asked for a certificate
 * @param inspect - called with the server's socket when the handshake is over
 */
export async function serveTls(
  certificates: ServerCertificates,
  requestCert = false,
  inspect: (socket: tls.TLSSocket) => unknown = () => undefined,
): Promise<TlsServer> {
  let seen: unknown;
  const server = createServer((plain) => {
    const socket = new tls.TLSSocket(plain, {
      isServer: true,
      secureContext: certificates.defaultContext,
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      requestCert,
      rejectUnauthorized: false,
    });
    socket.on('error', () => socket.destroy());
    socket.once('secure', () => {
      seen = inspect(socket);
      socket.write('.');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    connect: async (options) => {
      const client = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
      let session: Buffer | undefined;
      client.on('session', (given) => (session = given));
      try {
        // Tickets of TLS 1.3 come before the first byte.
        await once(client, 'data');
        await setImmediate();
        const certificate = client.getPeerX509Certificate();
        return {
          names: certificate?.subjectAltName ?? '',
          chain: fingerprintsOf(certificate),
          keyType: certificate?.publicKey.asymmetricKeyType ?? '',
          protocol: client.getProtocol() ?? '',
          cipher: client.getCipher().name,
          isResumed: client.isSessionReused(),
          // Node tells of no new ticket in a session of TLS 1.2 that was resumed.
          session: session ?? client.getSession(),
          seen,
        };
      } finally {
        client.destroy();
      }
    },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

function fingerprintsOf(leaf: X509Certificate | undefined): readonly string[] {
  const found: string[] = [];
  for (let at = leaf; at !== undefined; at = at.issuerCertificate) {
    found.push(at.fingerprint256.replaceAll(':', '').toLowerCase());
  }
  return found;
}
