// The control process's way to the manager. Promises: every request gets its answer, or an error when the link is lost or
// the manager gives no sign of life.

import type {
  ExplainAnswer,
  ExplainQuestion,
  LimitsAnswer,
  LimitsQuestion,
  ManagerStatus,
  OverrideChange,
  OverrideEnd,
  OverrideEndAnswer,
  QueueAction,
  StatusQuestion,
} from '../../control/control-protocol.ts';
import { ControlError } from '../../control/control-error.ts';
import type { ClockSource, OperatorSource } from '../../control/operator-source.ts';
import type { Override } from '../../control/override.ts';
import type { QueueFilter } from '../../control/queue-row.ts';
import type {
  ChangeResult,
  ChosenRecipient,
  ExaminedMessage,
  NamedMessage,
  QueuePage,
  QueueSource,
} from '../../control/queue-source.ts';
import { Heartbeat, beatEveryMs } from '../watch/heartbeat.ts';
import type { Link } from '../../channel/link.ts';
import type { Request, Response } from '../../channel/messages.ts';

interface Settle {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class LinkedSource implements QueueSource, OperatorSource, ClockSource {
  readonly #link: Link<Request>;
  readonly #pending = new Map<number, Settle>();
  #nextId = 1;
  /** Of the manager, while requests wait. */
  #heartbeat = new Heartbeat();
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Link<Request>) {
    this.#link = link;
  }

  page(filter: QueueFilter, cursor: number | undefined): Promise<QueuePage> {
    return this.#ask('page', { filter, cursor }) as Promise<QueuePage>;
  }

  change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<ChangeResult> {
    return this.#ask('change', { action, recipients }) as Promise<ChangeResult>;
  }

  examine(messages: readonly NamedMessage[]): Promise<readonly ExaminedMessage[]> {
    return this.#ask('examine', messages) as Promise<readonly ExaminedMessage[]>;
  }

  status(question: StatusQuestion): Promise<ManagerStatus> {
    return this.#ask('status', question) as Promise<ManagerStatus>;
  }

  ping(): Promise<unknown> {
    return this.#ask('ping', {});
  }

  explain(question: ExplainQuestion): Promise<ExplainAnswer> {
    return this.#ask('explain', question) as Promise<ExplainAnswer>;
  }

  limits(question: LimitsQuestion): Promise<LimitsAnswer> {
    return this.#ask('limits', question) as Promise<LimitsAnswer>;
  }

  overrides(): Promise<readonly Override[]> {
    return this.#ask('override.list', {}) as Promise<readonly Override[]>;
  }

  setOverrides(change: OverrideChange): Promise<readonly Override[]> {
    return this.#ask('override.set', change) as Promise<readonly Override[]>;
  }

  unsetOverrides(end: OverrideEnd): Promise<OverrideEndAnswer> {
    return this.#ask('override.unset', end) as Promise<OverrideEndAnswer>;
  }

  confirmClock(): Promise<number | null> {
    return this.#ask('clock.confirm', {}) as Promise<number | null>;
  }

  answered(response: Response): void {
    this.#heartbeat.answered();
    const settle = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ('error' in response) {
      const { code, message, advice } = response.error;
      settle?.reject(new ControlError(code, message, advice));
    } else settle?.resolve(response.result);
  }

  lost(): void {
    this.#rejectAll(
      new ControlError('MANAGER_LOST', 'The manager process is being restarted.', 'Try again in a moment.'),
    );
  }

  close(): void {
    this.lost();
    this.#rest();
  }

  #ask(operation: string, parameters: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.set(this.#post(operation, parameters), { resolve, reject });
      this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
    });
  }

  #post(operation: string, parameters: unknown): number {
    const id = this.#nextId++;
    this.#link.post({ kind: 'request', id, operation, parameters });
    return id;
  }

  /** An answer may take as long as it takes, as long as the manager answers pings meanwhile. */
  #beat(): void {
    if (this.#pending.size === 0) return this.#rest();
    // Nobody waits for the answer to this ping: that it comes is all.
    if (this.#heartbeat.beat()) this.#post('ping', {});
    if (!this.#heartbeat.isStalled) return;
    this.#rejectAll(
      new ControlError(
        'MANAGER_SILENT',
        'The manager does not answer: it is starting, overloaded, or stopped.',
        'What was asked for may still be done when it goes on. "sluice status" says what is known; a manager that is stopped is started again after a minute.',
      ),
    );
    this.#rest();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heartbeat = new Heartbeat();
  }

  #rejectAll(error: ControlError): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }
}
