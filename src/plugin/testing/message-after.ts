// What a message looks like after the edits of a verdict, for tests of plugins.

import { EditableHeader } from '../../message/editable-header.ts';
import type { Edit, Verdict } from '../../policy/stage.ts';
import { splitMessage } from './test-facts.ts';

/**
 * Carries out the edits of a verdict that are about fields and body.
 * @param message - header, empty line and body; line ends may be LF alone
 * @returns the message with CRLF line ends
 */
export function messageAfter(message: string | Uint8Array, verdict: Verdict): string {
  const { header, body } = splitMessage(message);
  const editable = new EditableHeader(header);
  let content = body;
  for (const edit of editsOf(verdict)) {
    switch (edit.kind) {
      case 'insert-field':
      case 'add-field':
      case 'change-field':
      case 'remove-field':
        editable.edit(edit);
        break;
      case 'replace-body':
        if (edit.body instanceof Uint8Array) content = Buffer.from(edit.body);
        break;
      default: // about the envelope
    }
  }
  return Buffer.concat([editable.bytes(Buffer.alloc(0), true), content]).toString();
}

function editsOf(verdict: Verdict): readonly Edit[] {
  return ('edits' in verdict ? verdict.edits : undefined) ?? [];
}
