// What the control room asks of the manager about the queue, directly or over a channel.

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

/** A page of the queue; `cursor` asks for the next page and is undefined after the last one. */
export interface QueuePage {
  readonly rows: readonly SourceRow[];
  readonly cursor: number | undefined;
}

export interface QueueSource {
  page(filter: QueueFilter, cursor: number | undefined): Promise<QueuePage>;
  change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<ChangeResult>;
  /** Examines messages that could not be read; the answer leaves out those that are no longer in the queue. */
  examine(messages: readonly NamedMessage[]): Promise<readonly ExaminedMessage[]>;
  status(question: StatusQuestion): Promise<ManagerStatus>;
  /** Resolves in a turn of the manager's event loop: that shows that it runs, even while a long answer takes its time. */
  ping(): Promise<unknown>;
}

/** The result of a change, as numbers of recipients. */
export interface ChangeResult {
  /** Recipients that were changed. */
  readonly changed: number;
  /** Recipients for which the change is in force, but not on the disk. */
  readonly unstored: number;
  /** Recipients that were not changed, because the report about them cannot be stored. */
  readonly refused: number;
  /** Why something could not be stored; empty when everything was. */
  readonly reason: string;
}

/** A message, by its id and the manager's own number. */
export interface NamedMessage {
  readonly queueId: string;
  readonly message: number;
}

/** The manager's answer about a message that is in the queue. */
export interface ExaminedMessage {
  readonly queueId: string;
  /** Where it is now. */
  readonly ref: StoredRef;
  /** Why its envelope is damaged; undefined when it is readable, or may be later. */
  readonly damage?: string | undefined;
}

export interface ChosenRecipient {
  readonly message: number;
  readonly sender: string;
  readonly address: string;
  readonly queueId: string;
  readonly recipient: number;
}
