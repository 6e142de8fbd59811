// Errands: a connection to a server that brings no mail. It asks whether the server is there, or for the mail that the server keeps for a domain.

import type { SocketHop } from '../../route/types.ts';

export interface Errand {
  readonly hop: SocketHop;
  /** The argument of ETRN (RFC 1985), such as `example.org` or `@example.org`; undefined: greeting and EHLO are enough. */
  readonly etrn?: string | undefined;
}

export type ErrandOutcome =
  /** Greeting, EHLO, and TLS and the log-in where there are to be any, are through. @property reply - to ETRN */
  | { readonly kind: 'answered'; readonly reply?: ErrandReply | undefined }
  /** One clause. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface ErrandReply {
  readonly code: number;
  /** On one line, without the code. */
  readonly text: string;
}
