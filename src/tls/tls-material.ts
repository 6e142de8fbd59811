// What the supervisor gives to receivers so that they can serve TLS, and to senders so that they can show a certificate. It holds
// private keys: it goes to them only, and is neither logged nor stored.

import type { KeyType } from './certificate-facts.ts';
import type { TicketKeys } from './ticket-keys.ts';

/** A certificate with its key, both as PEM. */
export interface ServedCertificate {
  /** The server's certificate first, then each one's issuer. */
  readonly chain: string;
  readonly key: string;
  readonly keyType: KeyType;
  readonly names: readonly string[];
}

/** A certificate with its key, both as PEM, that this host shows to servers. */
export interface Identity {
  readonly chain: string;
  readonly key: string;
}

/** By the path of the chain. What the supervisor gives to senders. */
export type GivenIdentities = Readonly<Record<string, Identity>>;

export interface TlsMaterial {
  /** The first is the default; none when no listener has TLS. */
  readonly certificates: readonly ServedCertificate[];
  /** The same for all receivers, so that each can resume the sessions of the others. */
  readonly ticketKeys: TicketKeys;
  /** The content of each file of `relay_ca`, by its path. */
  readonly authorities: Readonly<Record<string, string>>;
}
