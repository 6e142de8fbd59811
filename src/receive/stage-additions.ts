// How much stages have added to the present message. Promises: a stage that adds without end fails, and the message stays bounded.

import type { EditableHeader, Field } from '../message/editable-header.ts';
import type { Edit } from '../policy/stage.ts';
import { bodyTooLarge, DraftBody } from './draft-body.ts';

/** The most recipients that stages may add to a message. */
const maxRecipients = 1_000;
/** The most that stages may add to the header of a message: a part of the record's prefix, which is bounded. */
const maxFieldBytes = 256 * 1024;
/** The most lines that one verdict may add to a reply. */
const maxReplyLines = 50;

export class StageAdditions {
  #recipients = 0;
  #fieldBytes = 0;

  /** For the next message. */
  reset(): void {
    this.#recipients = 0;
    this.#fieldBytes = 0;
  }

  /**
   * Counts what these edits add.
   * @param maxBodyBytes - how large a new body may be
   * @param header - before these edits, where it is there; of a field that replaces one, what it is longer by counts
   * @returns what is too much, as a clause; then nothing is counted
   */
  add(edits: readonly Edit[], maxBodyBytes: number, header?: EditableHeader): string | undefined {
    let recipients = this.#recipients;
    let fieldBytes = this.#fieldBytes;
    let replyLines = 0;
    let fields: readonly Field[] | undefined;
    for (const edit of edits) {
      if (edit.kind === 'add-recipient') recipients++;
      if (edit.kind === 'reply-line') replyLines++;
      if (givesValue(edit)) fieldBytes += edit.name.length + edit.value.length;
      if (edit.kind === 'replace-field') {
        fields ??= header?.fields ?? [];
        fieldBytes += Math.max(0, edit.bytes.length - (fields[edit.at]?.bytes.length ?? 0));
      }
      if (edit.kind === 'replace-body') {
        const { body } = edit;
        if (!(body instanceof Uint8Array) && !(body instanceof DraftBody && !body.isOver))
          return 'it gave a body that it has not begun here';
        if (body instanceof Uint8Array && body.length > maxBodyBytes) return bodyTooLarge;
      }
    }
    if (recipients > maxRecipients) return `it added more than ${maxRecipients} recipients to a message`;
    if (fieldBytes > maxFieldBytes) {
      return `it added header fields of more than ${maxFieldBytes} bytes to a message`;
    }
    if (replyLines > maxReplyLines) return `it added more than ${maxReplyLines} lines to a reply`;
    this.#recipients = recipients;
    this.#fieldBytes = fieldBytes;
    return undefined;
  }
}

/** By its kind: a program may put a value into any edit, and one that is no text. */
function givesValue(edit: Edit): edit is Extract<Edit, { readonly value: string }> {
  return edit.kind === 'insert-field' || edit.kind === 'add-field' || edit.kind === 'change-field';
}
