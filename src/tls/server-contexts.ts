// The TLS contexts of one listener, made from the certificates that receivers were given. What a client asks for by SNI chooses
// among them. The default context has an RSA and an ECDSA certificate side by side, if there are both; those of other names have
// one, because Node cannot change to several.

import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ServerCertificates } from './server-certificates.ts';
import { takeTickets } from './ticket-keys.ts';
import type { ServedCertificate, TlsMaterial } from './tls-material.ts';

/** What a listener says about TLS, as far as contexts depend on it. */
export interface ListenerTls {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Clients are asked for a certificate. */
  readonly clientCertificates: boolean;
}

/**
 * For TLS 1.2: forward secrecy and authenticated encryption first, ECDSA before RSA because it costs the server less. Those in
 * CBC mode are for old mail servers, which would send in clear otherwise (RFC 7435). TLS 1.3 has ciphers of its own.
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
].join(':');

/** Groups for the key exchange, best first: safe against quantum computers where the client can (draft-ietf-tls-ecdhe-mlkem). */
const groups = 'X25519MLKEM768:X25519:P-256:P-384:P-521';

/** The same in all processes: a session is resumed only in the context of its server. */
const sessionIdContext = 'sluice';

/** How long a session can be resumed, in seconds. Ticket keys live as long. */
const sessionSeconds = 3_600;

/** At most one certificate of each key type. */
type Chosen = readonly [ServedCertificate, ServedCertificate?];

export class ServerContexts implements ServerCertificates {
  readonly defaultContext: SecureContext;
  readonly #material: TlsMaterial;
  readonly #listener: ListenerTls;
  /** By exact name; undefined: the default context has it. */
  readonly #exact = new Map<string, ServedCertificate | undefined>();
  /** By what follows the first label, with its dot: `.example.com`. */
  readonly #wildcard = new Map<string, ServedCertificate | undefined>();
  /** Made when a client first asks for one: each takes a millisecond, and there may be thousands. */
  readonly #made = new Map<ServedCertificate, SecureContext>();

  /** @throws {Error} without a certificate, and of OpenSSL when it refuses one of the default context */
  constructor(material: TlsMaterial, listener: ListenerTls) {
    this.#material = material;
    this.#listener = listener;
    const [first, ...rest] = material.certificates;
    if (first === undefined) throw new Error('there is no certificate to serve');
    const usual = defaultCertificates(first, rest);
    this.defaultContext = contextWith(usual, material, listener);
    for (const [name, chosen] of byName(material.certificates)) {
      const isUsual = chosen.length === usual.length && chosen.every((each) => usual.includes(each));
      const certificate = isUsual ? undefined : withoutChoice(chosen);
      if (name.startsWith('*.')) this.#wildcard.set(name.slice(1), certificate);
      else this.#exact.set(name, certificate);
    }
  }

  contextFor(serverName: string): SecureContext | undefined {
    const certificate = this.#certificateFor(serverName);
    if (certificate === undefined) return undefined;
    const known = this.#made.get(certificate);
    if (known !== undefined) return known;
    try {
      const made = contextWith([certificate], this.#material, this.#listener);
      this.#made.set(certificate, made);
      return made;
    } catch {
      return undefined; // the supervisor has tried it, so memory is short: the default one serves
    }
  }

  #certificateFor(serverName: string): ServedCertificate | undefined {
    // RFC 6066 3: names compare without regard to case, and have no final dot.
    const name = serverName.toLowerCase().replace(/\.$/u, '');
    if (this.#exact.has(name)) return this.#exact.get(name);
    // RFC 9525 6.3: a wildcard stands for exactly one label.
    const dot = name.indexOf('.');
    return dot > 0 ? this.#wildcard.get(name.slice(dot)) : undefined;
  }
}

/**
 * Of a context that is chosen by SNI, Node uses one certificate: the one whose key was set last (tried with 26.10). Every client
 * can check an RSA signature, so that is the one.
 */
function withoutChoice([first, second]: Chosen): ServedCertificate {
  return second?.keyType === 'rsa' ? second : first;
}

/** The certificates of each name, at most one of each key type: the first in the order of the file. */
function byName(certificates: readonly ServedCertificate[]): ReadonlyMap<string, Chosen> {
  const found = new Map<string, Chosen>();
  for (const certificate of certificates) {
    for (const name of certificate.names) {
      const before = found.get(name);
      found.set(name, before === undefined ? [certificate] : withOther(before, certificate));
    }
  }
  return found;
}

/** The first certificate, and the first of the other key type that has a name in common with it. */
function defaultCertificates(first: ServedCertificate, rest: readonly ServedCertificate[]): Chosen {
  const names = new Set(first.names);
  const others = rest.filter((each) => each.names.some((name) => names.has(name)));
  return others.reduce<Chosen>(withOther, [first]);
}

function withOther(chosen: Chosen, certificate: ServedCertificate): Chosen {
  const [first, second] = chosen;
  return second === undefined && first.keyType !== certificate.keyType ? [first, certificate] : chosen;
}

/**
 * No limit would count a client's renegotiations (TLS 1.2), which cost as much as handshakes. A client that shows a certificate
 * does so in each handshake (no tickets): what a resumed session remembers of it may not be true any more, because it has expired,
 * or its authority was taken out.
 */
function contextWith(
  chosen: Chosen,
  { ticketKeys }: TlsMaterial,
  { minVersion, clientCertificates }: ListenerTls,
): SecureContext {
  const all = chosen.filter((each) => each !== undefined);
  const context = createSecureContext({
    cert: all.map(({ chain }) => chain),
    key: all.map(({ key }) => key),
    // None: those of the web say nothing about clients, and take memory. Who may relay is judged outside of OpenSSL, which would send
    // what it finds here to clients, too.
    ca: [],
    minVersion,
    ciphers,
    ecdhCurve: groups,
    honorCipherOrder: true,
    ticketKeys: Buffer.from(ticketKeys.current, 'base64'),
    sessionIdContext,
    sessionTimeout: sessionSeconds,
    secureOptions: clientCertificates
      ? constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET
      : constants.SSL_OP_NO_RENEGOTIATION,
  });
  if (!clientCertificates) takeTickets(context, ticketKeys);
  return context;
}
