// The state of a session that commands depend on: the options of its listener, and what the client has said so far. Further state,
// such as TLS or the client's identity, belongs here.

import type { Leniency, ServerSessionOptions } from './server-types.ts';
import { Transaction } from './transaction.ts';

export class SessionFacts {
  readonly options: ServerSessionOptions;
  readonly leniency: Leniency;
  readonly transaction = new Transaction();
  /** EHLO or HELO was accepted (RFC 5321 4.1.4). */
  saidHello = false;

  constructor(options: ServerSessionOptions, leniency: Leniency) {
    this.options = options;
    this.leniency = leniency;
  }
}
