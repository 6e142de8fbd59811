// One of several stores, as `queues.ts` sees it: whether it is there, whether its disk answers, and why its mail has to wait.

import { SpoolError } from './spool-error.ts';
import type { SpoolStore, StoredRef } from './types.ts';

/** Reports that are kept for a store that is not there. Messages beyond these wait for the next start. */
const mostReports = 100_000;

interface Report {
  readonly ref: StoredRef;
  readonly recipients: number;
}

export function stalledError(): SpoolError {
  return new SpoolError('SPOOL_UNREADABLE', 'the disk of the store does not answer');
}

/** The error while a store is not there, or is still being read. */
export function awayError(): SpoolError {
  return new SpoolError('SPOOL_UNREADABLE', 'the store is still being read');
}

export class Member {
  readonly number: number;
  /** Undefined until it is opened, and after it could not be read. */
  store: SpoolStore | undefined;
  isRecovered = false;
  /** Queue ids that it has yielded in tries which failed later. */
  readonly yielded = new Set<string>();
  /** The step of maintenance that is under way. */
  maintaining: Promise<void> | undefined;
  #reports = new Map<string, Report>();
  #journalReason: SpoolError | undefined;
  #absence: SpoolError | undefined;
  #isStalled = false;
  #told: SpoolError | undefined;
  readonly #onBlocked: (reason: SpoolError | undefined, store: number) => void;
  readonly #whenStalled = new Set<() => void>();

  constructor(number: number, onBlocked: (reason: SpoolError | undefined, store: number) => void) {
    this.number = number;
    this.#onBlocked = onBlocked;
  }

  /** Why its outcomes cannot be stored. */
  set journalReason(reason: SpoolError | undefined) {
    this.#journalReason = reason;
    this.#tell();
  }

  /** Why it is not there. */
  set absence(reason: SpoolError | undefined) {
    this.#absence = reason;
    this.#tell();
  }

  /** The start went on without it. */
  isLate(): void {
    this.absence = this.#absence ?? awayError();
  }

  setStalled(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#tell();
    if (isStalled) for (const act of this.#whenStalled) act();
  }

  /** Resolves with the work, or to undefined as soon as the disk hangs: the work goes on, and its error is nobody's. */
  unlessStalled<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#whenStalled.delete(leave);
        resolve(undefined);
      };
      work.then(resolve, reject).finally(() => this.#whenStalled.delete(leave));
      if (this.#isStalled) leave();
      else this.#whenStalled.add(leave);
    });
  }

  addReport(queueId: string, ref: StoredRef, recipients: number): void {
    if (this.#reports.size < mostReports) this.#reports.set(queueId, { ref, recipients });
  }

  takeReports(): ReadonlyMap<string, Report> {
    const reports = this.#reports;
    this.#reports = new Map();
    return reports;
  }

  #tell(): void {
    const stall = this.#isStalled ? stalledError() : undefined;
    const reason = this.#absence ?? stall ?? this.#journalReason;
    if (reason?.message === this.#told?.message) return;
    this.#told = reason;
    this.#onBlocked(reason, this.number);
  }
}
