// A table as a source of recipients: one of the keys of a mailbox is in it.

import type { Answer, Table } from '../../table/table.ts';
import { type KeyRules, mailboxKeys } from '../mailbox-keys.ts';
import {
  type AskedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
  unknown,
} from './recipient-source.ts';

export class TableSource implements RecipientSource {
  readonly isCostly: true | undefined;
  readonly #table: Table;
  readonly #rules: KeyRules;

  constructor(table: Table, rules: KeyRules, isCostly?: true) {
    this.#table = table;
    this.#rules = rules;
    this.isCostly = isCostly;
  }

  find({ localPart, domain }: AskedRecipient): RecipientAnswer | Promise<RecipientAnswer> {
    const found = this.#table.lookup(mailboxKeys(localPart, domain, this.#rules));
    return found instanceof Promise ? found.then(recipientAnswer) : recipientAnswer(found);
  }
}

/** @param found - what a table says of each key of one recipient: one that is there is enough */
export function recipientAnswer(found: readonly Answer[]): RecipientAnswer {
  if (found.some(({ kind }) => kind === 'found')) return exists;
  return found.find((answer) => answer.kind === 'failing') ?? unknown;
}
