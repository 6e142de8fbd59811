// The thread that asks SQLite for all tables of a process. It gets the questions that wait in groups, so that it need not be
// woken for each. Promises: every question is answered within two time limits, also when a query does not end; the number of
// questions that wait is bounded.

import { Worker } from 'node:worker_threads';
import { nodeTimers, type Timer, type Timers } from '../../io/timers.ts';
import { allFailing, type Answer } from '../table.ts';
import type { Database, Reply, ToThread } from './messages.ts';

/** Questions that are sent together at most. */
const mostTogether = 64;
/** Questions that wait at most. */
const mostWaiting = 10_000;
/** Threads that hang in a query without end, at most: nothing can end them but the query. */
const mostHanging = 2;

const program = new URL(
  import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js',
  import.meta.url,
);

/** What is used of a worker. */
export interface Thread {
  on(event: 'message', act: (replies: readonly Reply[]) => void): unknown;
  on(event: 'error', act: (error: Error) => void): unknown;
  postMessage(message: ToThread): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

function startThread(): Thread {
  return new Worker(program, { name: 'sqlite' });
}

interface Waiting {
  readonly database: Database;
  readonly keys: readonly string[];
  /** On the monotonic clock, when it is too late to ask. */
  readonly untilMs: number;
  readonly resolve: (answers: readonly Answer[]) => void;
}

export class SqliteThread {
  readonly #timers: Timers;
  readonly #startThread: () => Thread;
  #worker: Thread | undefined;
  /** Those that the worker has now. */
  #asked: readonly Waiting[] = [];
  #waiting: Waiting[] = [];
  #closed: number[] = [];
  #timer: Timer | undefined;
  #hanging = 0;
  #databases = 0;
  #lastId = 0;

  /** @param start - may throw */
  constructor(timers: Timers = nodeTimers, start: () => Thread = startThread) {
    this.#timers = timers;
    this.#startThread = start;
  }

  /** Names a database; it is opened with the first question. */
  add(path: string, query: string, busyMs: number, rows: Database['rows'] = 'first-column'): Database {
    this.#databases++;
    return { id: ++this.#lastId, path, query, busyMs, rows };
  }

  /** Closes a database. The thread ends with the last one. */
  remove({ id }: Database): void {
    this.#databases--;
    this.#closed.push(id);
    if (this.#asked.length === 0) this.#next();
  }

  /** Looks keys up. @param timeoutMs - in which the database has to answer */
  lookup(database: Database, keys: readonly string[], timeoutMs: number): Promise<readonly Answer[]> {
    if (this.#waiting.length >= mostWaiting)
      return Promise.resolve(allFailing(keys, 'too many look-ups wait for SQLite'));
    return new Promise((resolve) => {
      this.#waiting.push({ database, keys, untilMs: this.#timers.nowMs() + timeoutMs, resolve });
      if (this.#asked.length === 0) this.#next();
    });
  }

  /** Sends what waits. */
  #next(): void {
    const nowMs = this.#timers.nowMs();
    const group: Waiting[] = [];
    let sent = 0;
    for (; sent < this.#waiting.length && group.length < mostTogether; sent++) {
      const each = this.#waiting[sent];
      if (each === undefined) continue;
      if (each.untilMs > nowMs) group.push(each);
      else each.resolve(allFailing(each.keys, 'SQLite did not answer in time'));
    }
    this.#waiting = this.#waiting.slice(sent);
    if (group.length > 0) this.#send(group, nowMs);
    else if (this.#databases === 0) this.#end();
    else this.#rest();
  }

  #send(group: readonly Waiting[], nowMs: number): void {
    const worker = this.#worker ?? this.#start();
    if (typeof worker === 'string') {
      const reason = worker;
      for (const { keys, resolve } of group) resolve(allFailing(keys, reason));
      this.#next();
      return;
    }
    this.#asked = group;
    const message: ToThread = {
      questions: group.map(({ database, keys }) => ({ database, keys })),
      close: this.#closed,
    };
    this.#closed = [];
    worker.ref();
    worker.postMessage(message);
    const untilMs = Math.max(...group.map((each) => each.untilMs));
    this.#timer = this.#timers.setTimeout(() => this.#hangs(worker), untilMs - nowMs);
  }

  /** @returns why there is none, as a text */
  #start(): Thread | string {
    if (this.#hanging >= mostHanging) return 'the queries of earlier look-ups in SQLite have not ended';
    let worker: Thread;
    try {
      worker = this.#startThread();
    } catch (error) {
      return `a thread for SQLite cannot be started: ${error instanceof Error ? error.message : String(error)}`;
    }
    worker.on('message', (replies: readonly Reply[]) => {
      if (worker === this.#worker) this.#replied(replies);
    });
    worker.on('error', (error: Error) => {
      if (worker === this.#worker) this.#lost(`the thread of SQLite ended: ${error.message}`);
    });
    this.#worker = worker;
    return worker;
  }

  #replied(replies: readonly Reply[]): void {
    for (const [index, { keys, resolve }] of this.#taken().entries()) {
      const reply = replies[index] ?? 'no answer';
      resolve(typeof reply === 'string' ? allFailing(keys, `SQLite: ${reply}`) : reply);
    }
    this.#next();
  }

  /** The group has had its time. The thread cannot be stopped in a query: it ends after that, and another takes its place. */
  #hangs(worker: Thread): void {
    this.#hanging++;
    worker.unref();
    void worker.terminate().finally(() => this.#hanging--);
    this.#lost('SQLite did not answer in time');
  }

  #lost(reason: string): void {
    this.#worker = undefined;
    this.#closed = [];
    for (const { keys, resolve } of this.#taken()) resolve(allFailing(keys, reason));
    this.#next();
  }

  #taken(): readonly Waiting[] {
    this.#timers.clear(this.#timer);
    const asked = this.#asked;
    this.#asked = [];
    return asked;
  }

  /** Nobody asks anything: closes what is to be closed, and does not keep the process alive. */
  #rest(): void {
    const message: ToThread = { questions: [], close: this.#closed };
    if (this.#closed.length > 0) this.#worker?.postMessage(message);
    this.#closed = [];
    this.#worker?.unref();
  }

  #end(): void {
    this.#closed = [];
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}
