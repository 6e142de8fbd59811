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
  /** Returns how many recipients it applied to. */
  change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<number>;
  status(question: StatusQuestion): Promise<ManagerStatus>;
  /** Resolves in a turn of the manager's loop: it lives, though a long answer may take it a while. */
  ping(): Promise<unknown>;
}

export interface ChosenRecipient {
  readonly message: number;
  readonly sender: string;
  readonly address: string;
  readonly queueId: string;
  readonly recipient: number;
}
