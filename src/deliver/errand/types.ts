// Errands: a connection to a server that brings no mail. It asks whether the server is there, or for mail that waits there (ETRN).

import type { SocketHop } from '../../route/types.ts';

export interface Errand {
  readonly hop: SocketHop;
  /** Our own address to connect from; not given or empty: the system chooses. */
  readonly source?: string | undefined;
  /** Whose mail to ask for, as the command has it (RFC 1985 5): one ETRN each. Not given: nothing is asked. */
  readonly etrn?: readonly string[] | undefined;
}

export type ErrandOutcome =
  /**
   * Greeting, EHLO, and TLS and the log-in where there are to be any, are through, and so is each ETRN.
   * @property replies - to ETRN, in order
   */
  | { readonly kind: 'answered'; readonly replies?: readonly EtrnReply[] | undefined }
  /** One clause. @property isLasting - it will not be otherwise soon: the server does not know ETRN */
  | { readonly kind: 'failed'; readonly reason: string; readonly isLasting?: true | undefined };

/** The answer of a server to one ETRN. */
export interface EtrnReply {
  readonly node: string;
  readonly code: number;
  /** Code and text on one line. */
  readonly text: string;
}
