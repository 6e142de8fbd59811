// What the plugins of qmail-spp have said in one session that counts for later commands: variables, header fields, refusals of later
// commands, counters. Header fields, refusals and counters end with the transaction.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';

/** What variables, fields and replies of one session may have together: a client can have plugins run as often as it likes. */
const mostBytes = 32 * 1024;

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
  /** The address of the last one; undefined before. */
  lastRecipient: string | undefined;
  /** Counts the commands of the client that plugins were asked about. */
  turn = 0;
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
    this.lastRecipient = undefined;
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

  /** @returns a function that takes back what plugins say from now on */
  keep(): () => void {
    const { isOff, variables, isRelayTaken, suffix, fields, fieldCount, lastRecipient } = this;
    const before = { variables: variables && { ...variables }, fields: [...fields], later: [...this.later] };
    return () => {
      Object.assign(this, { isOff, isRelayTaken, suffix, fieldCount, lastRecipient });
      this.variables = before.variables;
      this.fields = before.fields;
      this.later.clear();
      for (const [at, reply] of before.later) this.later.set(at, reply);
    };
  }

  /** Notes the refusal of a later command. Several with the same code are the lines of one reply, as qmail-spp prints them; of others the first counts. */
  refuseLater(at: 'mail' | 'rcpt' | 'data', { code, text }: Reply): void {
    const earlier = this.later.get(at);
    if (earlier !== undefined && earlier.code !== code) return;
    this.later.set(at, { code, text: [earlier?.text ?? [], text].flat() });
  }

  /** @throws {Error} with a clause, when plugins have said more than a session may keep */
  checkSize(): void {
    let bytes = 0;
    for (const [name, value] of Object.entries(this.variables ?? {})) bytes += name.length + value.length;
    for (const { name, value } of this.fields) bytes += name.length + value.length;
    for (const { text } of this.later.values()) bytes += [text].flat().join('').length;
    if (bytes > mostBytes)
      throw new Error(`it has said more than ${mostBytes} bytes that are kept for later`);
  }
}
