// What the plugins of qmail-spp have said in one session that counts for later commands: variables, header fields, refusals of later
// commands, counters. Header fields, refusals and counters end with the transaction.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';

export class SppSession {
  /** No plugin is run any more: NOSPP is set, or a plugin has said so. */
  isOff = false;
  /** Variables of the environment as they are now. Undefined before the first plugin is run. */
  variables: Record<string, string> | undefined;
  /** A plugin has unset RELAYCLIENT. */
  isRelayTaken = false;
  /** What is appended to recipients, since a plugin has set RELAYCLIENT; empty for nothing. */
  suffix = '';
  /** Fields for the message that comes next. */
  fields: { readonly name: string; readonly value: string }[] = [];
  /** Fields that the present message got already. */
  fieldCount = 0;
  readonly later = new Map<'mail' | 'rcpt' | 'data', Reply>();
  /** RCPT commands of the present transaction. */
  recipients = 0;
  #isInTransaction = false;

  /**
   * MAIL has come. What was said in the transaction before is forgotten; what was said before the first is about that one. RSET between
   * them is not seen here, so that nobody gets rid of a refusal by it.
   */
  beginTransaction(): void {
    if (this.#isInTransaction) {
      this.fields = [];
      this.later.clear();
    }
    this.fieldCount = 0;
    this.recipients = 0;
    this.#isInTransaction = true;
  }

  /** MAIL was refused: what was said still counts. */
  transactionRefused(): void {
    this.#isInTransaction = false;
  }

  takeFields(): readonly { readonly name: string; readonly value: string }[] {
    const { fields } = this;
    this.fields = [];
    return fields;
  }
}
