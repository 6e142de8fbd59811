// Errands: a connection to a server that brings no mail. It asks whether the server is there.

import type { SocketHop } from '../../route/types.ts';

export interface Errand {
  readonly hop: SocketHop;
}

export type ErrandOutcome =
  /** Greeting, EHLO, and TLS and the log-in where there are to be any, are through. */
  | { readonly kind: 'answered' }
  /** One clause. */
  | { readonly kind: 'failed'; readonly reason: string };
