// Where the control room gets its answers: the manager, through whatever channel there is.

import type { StoredRef } from '../spool/types.ts';
import type { ManagerStatus, QueueAction, StatusQuestion } from './control-protocol.ts';
import type { QueueFilter, RowFacts } from './queue-row.ts';

/** A row as the manager knows it: the addresses are in the spool. */
export interface SourceRow extends RowFacts {
  /** The manager's own number of the message, to find it again at once. */
  readonly message: number;
  readonly recipientIndex: number;
  readonly ref: StoredRef;
}

/** A piece of the queue; `cursor` asks for the next one and is undefined at the end. */
export interface QueuePage {
  readonly rows: readonly SourceRow[];
  readonly cursor: number | undefined;
}

export interface QueueSource {
  page(filter: QueueFilter, cursor: number | undefined): Promise<QueuePage>;
  change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<ChangeResult>;
  /** Looks again at messages that could not be read; of those that are no longer in the queue it says nothing. */
  examine(messages: readonly NamedMessage[]): Promise<readonly ExaminedMessage[]>;
  status(question: StatusQuestion): Promise<ManagerStatus>;
  /** Resolves in a turn of the manager's loop: it lives, though a long answer may take it a while. */
  ping(): Promise<unknown>;
}

/** What became of a change, in recipients. */
export interface ChangeResult {
  /** Those that were changed. */
  readonly changed: number;
  /** Those for whom it is in force but not on the disk. */
  readonly unstored: number;
  /** Those that are as they were, because the report about them cannot be stored. */
  readonly refused: number;
  /** Why something could not be stored; empty when everything was. */
  readonly reason: string;
}

/** A message, by its id and the manager's own number. */
export interface NamedMessage {
  readonly queueId: string;
  readonly message: number;
}

/** What the manager found about a message that is in the queue. */
export interface ExaminedMessage {
  readonly queueId: string;
  /** Where it is now. */
  readonly ref: StoredRef;
  /** Why nobody can read its envelope; undefined when it could be read, or may be later. */
  readonly damage?: string | undefined;
}

export interface ChosenRecipient {
  readonly message: number;
  readonly sender: string;
  readonly address: string;
  readonly queueId: string;
  readonly recipient: number;
}
