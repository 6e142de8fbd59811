// An issuer of tokens for tests: keys made by Node's crypto, tokens signed with them, and a server on loopback that publishes the keys, answers
// introspections, and can be slow, broken or hostile.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Leaf } from './certificates.ts';

export type TestAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

export interface TestKey {
  /** Public, as in a JWKS. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** A signed JWT. @param header - more of its header */
  token(claims: object, header?: object): string;
}

export function testKey(algorithm: TestAlgorithm, kid?: string): TestKey {
  const { publicKey, privateKey } = keysFor(algorithm);
  return {
    jwk: {
      ...publicKey.export({ format: 'jwk' }),
      use: 'sig',
      alg: algorithm,
      ...(kid !== undefined && { kid }),
    },
    token: (claims, header = {}) => {
      const head = { alg: algorithm, typ: 'JWT', ...(kid !== undefined && { kid }), ...header };
      const text = `${encode(head)}.${encode(claims)}`;
      return `${text}.${signature(algorithm, text, privateKey).toString('base64url')}`;
    },
  };
}

function keysFor(algorithm: TestAlgorithm) {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return algorithm === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function signature(algorithm: TestAlgorithm, text: string, key: KeyObject): Buffer {
  const bytes = Buffer.from(text);
  switch (algorithm) {
    case 'ES256':
      return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA':
      return sign(null, bytes, key);
    case 'RS256':
      return sign('sha256', bytes, key);
    case 'PS256':
      // RSA_PKCS1_PSS_PADDING; the salt is as long as the digest (RFC 7518 3.5).
      return sign('sha256', bytes, { key, padding: 6, saltLength: 32 });
  }
}

export function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** What the server answers at a path. */
export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface TestIssuer {
  /** Without a slash at its end. */
  readonly url: string;
  /** What it was asked, `METHOD path`. */
  readonly requests: string[];
  /** Sets what is at a path: JSON, or an answer of its own. */
  set(path: string, content: object | Answer): void;
  close(): Promise<void>;
}

/** @param leaf - the server speaks TLS with this certificate; undefined: in clear */
export async function startIssuer(leaf?: Leaf): Promise<TestIssuer> {
  const requests: string[] = [];
  const contents = new Map<string, object | Answer>();
  const listener: RequestListener = (request, response) => {
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      const content = contents.get(url);
      if (content === undefined) response.writeHead(404).end();
      else if (typeof content === 'function') (content as Answer)(request, response, body);
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    });
  };
  const server =
    leaf === undefined
      ? createServer(listener)
      : createSecureServer({ cert: leaf.chain, key: leaf.key }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${leaf === undefined ? 'http://127.0.0.1' : 'https://localhost'}:${(server.address() as AddressInfo).port}`,
    requests,
    set: (path, content) => void contents.set(path, content),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
