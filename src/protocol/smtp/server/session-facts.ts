// What a session knows when a command comes: how its listener behaves, and what its client has said so far. Whatever a later
// command depends on, such as TLS or who the client is, belongs here.

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
