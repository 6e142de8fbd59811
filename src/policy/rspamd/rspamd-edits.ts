// From what rspamd wants changed to edits of the message, in the order in which rspamd itself has a milter's server do it. Promises: nothing that it
// says ends the header or a field of it: a value that would is refused as a whole, as a failure of the stage.

import type { RspamdAnswer } from '../../protocol/rspamd/answer.ts';
import { withoutLineEnds } from '../../values/line-ends.ts';
import type { ContentFacts, Edit } from '../stage.ts';

export function rspamdEdits(
  answer: RspamdAnswer,
  facts: Pick<ContentFacts, 'header' | 'transaction'>,
): Edit[] {
  const { removed, added, sender, addedRecipients, removedRecipients, signatures } = answer;
  const header = new CountedFields(facts);
  const edits: Edit[] = removed.flatMap(({ name, number }) => header.remove(name, number));
  for (const { name, value, order } of added) {
    if (order === undefined) edits.push({ kind: 'add-field', name, value: withoutLineEnds(value) });
    else edits.push({ kind: 'insert-field', at: header.indexOf(order), name, value: withoutLineEnds(value) });
  }
  if (sender !== undefined) edits.push({ kind: 'change-sender', address: withoutBrackets(sender) });
  const known = new Set(facts.transaction.recipients.map(({ address }) => address));
  for (const each of addedRecipients) {
    const address = withoutBrackets(each);
    if (known.has(address)) continue;
    known.add(address);
    edits.push({ kind: 'add-recipient', recipient: { address } });
  }
  for (const each of removedRecipients)
    edits.push({ kind: 'remove-recipient', address: withoutBrackets(each) });
  for (const [at, value] of signatures.entries())
    edits.push({ kind: 'insert-field', at: at + 1, name: 'DKIM-Signature', value: withoutLineEnds(value) });
  return edits;
}

/** What marks spam: no field of a sender's own says so, too. */
export function spamFieldEdits({ spamFields }: RspamdAnswer, facts: Pick<ContentFacts, 'header'>): Edit[] {
  const header = new CountedFields(facts);
  const fields = spamFields.length === 0 ? [{ name: 'X-Spam', value: 'Yes' }] : spamFields;
  const edits: Edit[] = [];
  for (const { name, value } of fields) {
    for (const edit of header.remove(name, 0)) edits.push(edit);
    edits.push({ kind: 'add-field', name, value: withoutLineEnds(value) });
  }
  return edits;
}

export function subjectEdits({ subject }: RspamdAnswer): Edit[] {
  if (subject === undefined) return [];
  return [{ kind: 'change-field', name: 'Subject', occurrence: 1, value: withoutLineEnds(subject) }];
}

/** Numbers of fields are those of the message that rspamd has seen. */
class CountedFields {
  readonly #length: number;
  readonly #counts = new Map<string, number>();
  /** Of these all are removed already. */
  readonly #removed = new Set<string>();

  constructor({ header: { fields } }: Pick<ContentFacts, 'header'>) {
    this.#length = fields.length;
    for (const { name } of fields) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** @param number - 0: all; from 1 from the top; from -1 from the end */
  remove(name: string, number: number): Edit[] {
    const key = name.toLowerCase();
    if (this.#removed.has(key)) return [];
    const count = this.#counts.get(key) ?? 0;
    if (number === 0) {
      this.#removed.add(key);
      // From the last one, so that the numbers of the others stay.
      return Array.from({ length: count }, (_, at) => ({
        kind: 'remove-field',
        name,
        occurrence: count - at,
      }));
    }
    const occurrence = number > 0 ? number : count + number + 1;
    return occurrence >= 1 && occurrence <= count ? [{ kind: 'remove-field', name, occurrence }] : [];
  }

  /** As a milter counts: 0 is above our own Received field. */
  indexOf(order: number): number {
    return order >= 0 ? order : Math.max(0, this.#length + order + 1);
  }
}

function withoutBrackets(address: string): string {
  const trimmed = address.trim();
  return trimmed.startsWith('<') && trimmed.endsWith('>') ? trimmed.slice(1, -1) : trimmed;
}
