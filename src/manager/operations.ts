// Operators' requests to the manager: hands each to the part that answers it, and sends one response.

import type {
  ExplainQuestion,
  LimitsQuestion,
  OverrideChange,
  OverrideEnd,
  QueueAction,
  StatusQuestion,
} from '../control/control-protocol.ts';
import type { OperatorSource } from '../control/operator-source.ts';
import type { QueueFilter } from '../control/queue-row.ts';
import type { ChosenRecipient, NamedMessage } from '../control/queue-source.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import type { SpoolStore } from '../spool/types.ts';
import type { MemoryStats } from '../stats/stats.ts';
import type { OperationError, Request, Response } from '../channel/messages.ts';
import type { Manager } from './manager.ts';
import type { Senders } from './senders.ts';
import { QueueChanges, type QueueChangesParts } from './queue-changes.ts';
import { QueueListings, type QueueListingsParts } from './queue-listings.ts';
import { StatusAnswers, type StatusParts } from './status-answers.ts';
import type { UnreadableMail } from './unreadable-mail.ts';

export interface OperationsParts extends QueueListingsParts, QueueChangesParts, StatusParts {
  readonly manager: Manager;
  readonly store: SpoolStore;
  readonly senders: Senders;
  readonly limits: OperatorSource;
  /** As `ClockWatch.confirm`. */
  readonly confirmClock: () => number | undefined;
  readonly unreadable: UnreadableMail;
  readonly stats: MemoryStats;
}

export class Operations {
  readonly #parts: OperationsParts;
  readonly #listings: QueueListings;
  readonly #changes: QueueChanges;
  readonly #status: StatusAnswers;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
    this.#listings = new QueueListings(parts);
    this.#changes = new QueueChanges(parts);
    this.#status = new StatusAnswers(parts);
  }

  /** Answers a request with one response; without a wait when the answer is known at once. */
  answer(request: Request, respond: (response: Response) => void): void {
    const { id } = request;
    const failed = (thrown: unknown): void => {
      const error = operationError(thrown);
      // An error with a code of its own is a mistake of the operator, and is told only to the operator.
      if (error.code === 'CONTROL_FAILED')
        this.#parts.log.error(`an operator's request failed: ${error.message}`);
      respond({ kind: 'response', id, error });
    };
    try {
      this.#parts.manager.showDates();
      const result = this.#perform(request);
      if (!(result instanceof Promise)) respond({ kind: 'response', id, result });
      else void result.then((value: unknown) => respond({ kind: 'response', id, result: value }), failed);
    } catch (error) {
      failed(error);
    }
  }

  #perform(request: Request): unknown {
    switch (request.operation) {
      case 'page': {
        const { filter, cursor } = request.parameters as {
          readonly filter: QueueFilter;
          readonly cursor?: number;
        };
        return this.#listings.page(filter, cursor);
      }
      case 'change': {
        const { action, recipients } = request.parameters as {
          readonly action: QueueAction;
          readonly recipients: ChosenRecipient[];
        };
        return this.#changes.change(action, recipients);
      }
      case 'examine':
        return this.#parts.unreadable.examine(request.parameters as NamedMessage[]);
      case 'status':
        return this.#status.answer(request.parameters as StatusQuestion);
      case 'ping':
        return null;
      case 'explain':
        return this.#parts.limits.explain(request.parameters as ExplainQuestion);
      case 'limits':
        return this.#parts.limits.limits(request.parameters as LimitsQuestion);
      case 'override.list':
        return this.#parts.limits.overrides();
      case 'override.set':
        return this.#parts.limits.setOverrides(request.parameters as OverrideChange);
      case 'override.unset':
        return this.#parts.limits.unsetOverrides(request.parameters as OverrideEnd);
      case 'clock.confirm':
        return this.#parts.confirmClock() ?? null;
      default:
        throw new Error(`unknown operation ${request.operation}`);
    }
  }
}

function operationError(error: unknown): OperationError {
  if (error instanceof SluiceError) return { code: error.code, message: error.message, advice: error.advice };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'CONTROL_FAILED', message, advice: '' };
}
