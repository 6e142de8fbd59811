// One of several stores, as `queues.ts` sees it: whether it is there, whether its disk answers, and why its mail has to wait.

import { Pins } from './pins.ts';
import { SpoolError } from './spool-error.ts';
import type { StoreOpener } from './store-opener.ts';
import type { SpoolStore, SpoolUsage, StoredRef, StoreState } from './types.ts';

/** Reports that are kept for a store that is not there. Messages beyond these wait for the next start. */
const mostReports = 100_000;

interface Report {
  readonly ref: StoredRef;
  readonly recipients: number;
}

export const noUsage: SpoolUsage = { segments: 0, bytes: 0, liveMessages: 0, damagedMessages: 0 };

export function stalledError(): SpoolError {
  return new SpoolError('SPOOL_UNREADABLE', 'the disk of the store does not answer');
}

/** The error while a store is not there, or is still being read. */
export function awayError(): SpoolError {
  return new SpoolError('SPOOL_UNREADABLE', 'the store is still being read');
}

export function stoppedError(): SpoolError {
  return new SpoolError('SPOOL_STOPPED', 'an operator has stopped the queue');
}

export class Member {
  readonly number: number;
  readonly opener: StoreOpener;
  /** Undefined until it is opened, after it could not be read, and while it is stopped. */
  store: SpoolStore | undefined;
  isRecovered = false;
  /** Queue ids that it has yielded in tries which failed later. */
  readonly yielded = new Set<string>();
  /** The step of maintenance that is under way. */
  maintaining: Promise<void> | undefined;
  /** The try to open it that is under way; never rejects. */
  opening: Promise<void> = Promise.resolve();
  /** Resolves when the last stop has ended. */
  stopping: Promise<void> = Promise.resolve();
  /** By an operator. */
  isStopped: boolean;
  readonly pins = new Pins();
  #reports = new Map<string, Report>();
  #journalReason: SpoolError | undefined;
  #absence: SpoolError | undefined;
  #isStalled = false;
  #isAsked = false;
  #freeBytes: number | undefined;
  #told: SpoolError | undefined;
  readonly #onBlocked: (reason: SpoolError | undefined, store: number) => void;
  readonly #whenStalled = new Set<() => void>();

  constructor(
    number: number,
    opener: StoreOpener,
    onBlocked: (reason: SpoolError | undefined, store: number) => void,
  ) {
    this.number = number;
    this.opener = opener;
    this.isStopped = opener.isStopped;
    this.#onBlocked = onBlocked;
    opener.watch((isStalled) => this.setStalled(isStalled));
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
    this.absence = this.isStopped ? stoppedError() : (this.#absence ?? awayError());
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

  /** Asks how much is free on its disk; at most once at a time, since the disk may hang. */
  async askFree(): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#freeBytes = await this.opener.freeBytes().catch(() => undefined);
    this.#isAsked = false;
  }

  addReport(queueId: string, ref: StoredRef, recipients: number): void {
    if (this.#reports.size < mostReports) this.#reports.set(queueId, { ref, recipients });
  }

  takeReports(): ReadonlyMap<string, Report> {
    const reports = this.#reports;
    this.#reports = new Map();
    return reports;
  }

  get state(): StoreState {
    const reason = this.#reason;
    const state = this.isStopped ? 'stopped' : stateBy(reason, this.#journalReason);
    const usage = this.store?.usage() ?? noUsage;
    const why = this.isStopped ? undefined : reason?.message;
    const freeBytes = state === 'away' || state === 'stopped' ? undefined : this.#freeBytes;
    return { state, usage, ...(why !== undefined && { why }), ...(freeBytes !== undefined && { freeBytes }) };
  }

  get #reason(): SpoolError | undefined {
    const stall = this.#isStalled ? stalledError() : undefined;
    return this.#absence ?? stall ?? this.#journalReason;
  }

  #tell(): void {
    const reason = this.#reason;
    if (reason?.message === this.#told?.message) return;
    this.#told = reason;
    this.#onBlocked(reason, this.number);
  }
}

function stateBy(reason: SpoolError | undefined, ofJournal: SpoolError | undefined): StoreState['state'] {
  if (reason === undefined) return 'open';
  return reason === ofJournal ? 'blocked' : 'away';
}
