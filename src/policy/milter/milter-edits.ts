// From what a milter wants changed to edits of the message. Promises: nothing that a milter says ends the header or a field of it, and the
// bytes of a value stay as they are.

import type { MilterEdit } from '../../protocol/milter/answer.ts';
import type { MailParameters, RcptParameters } from '../../protocol/smtp/server/server-types.ts';
import { withoutLineEnds } from '../../values/line-ends.ts';
import type { Edit, TransactionFacts } from '../stage.ts';
import { readMail, readRcpt } from './esmtp-parameters.ts';

/** All names, values and addresses of one message together; what is added to a message is bounded further. */
const mostEditChars = 4 * 1024 * 1024;

export class MilterEdits {
  readonly #edits: Edit[] = [];
  readonly #recipients: Set<string>;
  /** A value comes with the blank that follows the colon. */
  readonly #hasLeadingSpace: boolean;
  #chars = 0;

  constructor({ recipients }: TransactionFacts, hasLeadingSpace: boolean) {
    this.#recipients = new Set(recipients.map(({ address }) => address));
    this.#hasLeadingSpace = hasLeadingSpace;
  }

  get all(): readonly Edit[] {
    return this.#edits;
  }

  push(edit: Edit): void {
    this.#edits.push(edit);
  }

  /** @throws {Error} with a clause, when it cannot be understood, or there is too much of it */
  take(edit: MilterEdit): void {
    this.#chars += charsOf(edit);
    if (this.#chars > mostEditChars)
      throw new Error(`its edits of one message are larger than ${mostEditChars / 1024 ** 2} MiB`);
    switch (edit.kind) {
      case 'add-header':
        this.push({ kind: 'add-field', name: edit.name, ...this.#value(edit.value) });
        break;
      case 'insert-header':
        this.push({ kind: 'insert-field', at: edit.index, name: edit.name, ...this.#value(edit.value) });
        break;
      case 'change-header': {
        const { name } = edit;
        const occurrence = Math.max(1, edit.index);
        if (edit.value === '') this.push({ kind: 'remove-field', name, occurrence });
        else this.push({ kind: 'change-field', name, occurrence, ...this.#value(edit.value) });
        break;
      }
      case 'add-recipient':
        this.#addRecipient(withoutBrackets(edit.address), readRcpt(edit.parameters));
        break;
      case 'delete-recipient': {
        const address = withoutBrackets(edit.address);
        this.#recipients.delete(address);
        this.push({ kind: 'remove-recipient', address });
        break;
      }
      case 'change-sender':
        this.#changeSender(withoutBrackets(edit.address), readMail(edit.parameters));
        break;
    }
  }

  /** A recipient that is there already gets the message once. */
  #addRecipient(address: string, params: RcptParameters): void {
    if (this.#recipients.has(address)) return;
    this.#recipients.add(address);
    this.push({ kind: 'add-recipient', recipient: { address, ...params } });
  }

  #changeSender(address: string, params: Pick<MailParameters, 'ret' | 'envelopeId'>): void {
    const hasParams = params.ret !== undefined || params.envelopeId !== undefined;
    this.push({ kind: 'change-sender', address, ...(hasParams && { params }) });
  }

  /** Line ends at the end of a value are no part of it, though some milters send them. */
  #value(value: string): { readonly value: string; readonly isRaw: true } {
    const text = withoutLineEnds(value);
    return { value: this.#hasLeadingSpace ? text : ` ${text}`, isRaw: true };
  }
}

function charsOf(edit: MilterEdit): number {
  if ('value' in edit) return edit.name.length + edit.value.length;
  return edit.address.length + ('parameters' in edit ? edit.parameters.length : 0);
}

function withoutBrackets(address: string): string {
  const trimmed = address.trim();
  return trimmed.startsWith('<') && trimmed.endsWith('>') ? trimmed.slice(1, -1) : trimmed;
}
