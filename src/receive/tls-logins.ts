// What log-ins may use of a TLS connection with the client itself.

import { type ChannelBindings, noBindings } from '../sasl/scram-exchange.ts';

export interface TlsLogins {
  /** What SCRAM with PLUS may bind to; empty where it is not offered. */
  readonly bindings: ChannelBindings;
  /** Addresses in the client's certificate, as which it may log in; empty without one. */
  readonly certificateNames: readonly string[];
}

export const noTlsLogins: TlsLogins = { bindings: noBindings, certificateNames: [] };
