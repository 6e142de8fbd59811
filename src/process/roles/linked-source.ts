// Sends the control role's requests to the manager. Promises: every request ends, with its answer or with an error when the
// link is lost or the manager does not answer pings any more.

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

interface PendingRequest {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class LinkedSource implements QueueSource, OperatorSource, ClockSource {
  readonly #link: Link<Request>;
  readonly #pending = new Map<number, PendingRequest>();
  #nextId = 1;
  /** Heartbeat of the manager, while requests wait. */
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
    const request = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ('error' in response) {
      const { code, message, advice } = response.error;
      request?.reject(new ControlError(code, message, advice));
    } else request?.resolve(response.result);
  }

  lost(): void {
    this.#rejectAll(
      new ControlError('MANAGER_LOST', 'The manager process is being restarted.', 'Try again in a moment.'),
    );
  }

  close(): void {
    this.lost();
    this.#stopHeartbeat();
  }

  #ask(operation: string, parameters: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.set(this.#send(operation, parameters), { resolve, reject });
      this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
    });
  }

  #send(operation: string, parameters: unknown): number {
    const id = this.#nextId++;
    this.#link.post({ kind: 'request', id, operation, parameters });
    return id;
  }

  /** Requests have no timeout while the manager answers pings. */
  #beat(): void {
    if (this.#pending.size === 0) return this.#stopHeartbeat();
    // The answer has no pending request: that it arrives is what counts.
    if (this.#heartbeat.beat()) this.#send('ping', {});
    if (!this.#heartbeat.isStalled) return;
    this.#rejectAll(
      new ControlError(
        'MANAGER_SILENT',
        'The manager does not answer: it is starting, overloaded, or stopped.',
        'The request may still be carried out when the manager goes on. "sluice status" says more; a manager that does not answer is killed and started again after a minute.',
      ),
    );
    this.#stopHeartbeat();
  }

  #stopHeartbeat(): void {
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
