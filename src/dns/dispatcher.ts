// Runs exchanges on sockets: at most so many at once, the rest in line, each with one timer. What hangs steps aside for
// the line, so that dead domains do not hold up the others. The thin shell around `Exchange`; what the answers mean is
// the caller's.

import { randomInt } from 'node:crypto';
import { Exchange, type ExchangeStep } from './exchange.ts';
import type { Interpretation } from './interpretation.ts';
import type { QueryType, ResponseMessage } from './message.ts';
import { ServerList } from './server-list.ts';
import { sendTcp, sendUdp, type Transport } from './transport.ts';
import type { NameServer, ResolverOptions } from './types.ts';
import { WaitingLine } from './waiting-line.ts';

/** How a question ended. */
export type Asked<T> =
  | {
      readonly kind: 'answered';
      readonly response: ResponseMessage;
      readonly meaning: Exclude<Interpretation<T>, { readonly kind: 'unusable' }>;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** A question in line or on the wire. */
interface Question {
  start(): void;
  /** Ends it as failed. */
  abandon(reason: string): void;
}

/** Counted as it goes; `stats()` of the resolver copies it. */
export interface DispatchCounts {
  sent: number;
  tcp: number;
  timeouts: number;
}

export class Dispatcher {
  readonly counts: DispatchCounts = { sent: 0, tcp: 0, timeouts: 0 };
  readonly #options: ResolverOptions;
  readonly #now: () => number;
  readonly #servers: ServerList;
  /** Those that take a place, the oldest first, with the ms of their start. */
  readonly #active = new Map<Question, number>();
  readonly #hanging = new Set<Question>();
  readonly #line = new WaitingLine<Question>();
  /** Set while somebody waits for the oldest question to hang. */
  #hangingTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ResolverOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#servers = new ServerList(options.servers);
  }

  get inFlight(): number {
    return this.#active.size;
  }

  get hanging(): number {
    return this.#hanging.size;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** Asks the servers one question; a response that `interpret` finds unusable is one more failed try. */
  ask<T>(
    name: string,
    type: QueryType,
    interpret: (response: ResponseMessage) => Interpretation<T>,
  ): Promise<Asked<T>> {
    if (this.#closed) return Promise.resolve({ kind: 'failed', reason: closedReason });
    return new Promise((resolve) => {
      const question = this.#question(name, type, interpret, (asked: Asked<T>) => {
        if (!this.#active.delete(question)) this.#hanging.delete(question);
        resolve(asked);
        this.#startNext();
      });
      this.#line.push(question);
      this.#startNext();
    });
  }

  close(): void {
    this.#closed = true;
    for (let question = this.#line.shift(); question !== undefined; question = this.#line.shift()) {
      question.abandon(closedReason);
    }
    for (const question of [...this.#active.keys(), ...this.#hanging]) question.abandon(closedReason);
  }

  #startNext(): void {
    while (!this.#closed && this.#line.length > 0 && this.#hasPlace()) {
      const question = this.#line.shift();
      if (question === undefined) break;
      this.#active.set(question, this.#now());
      question.start();
    }
    if (this.#line.length > 0) return;
    clearTimeout(this.#hangingTimer);
    this.#hangingTimer = undefined;
  }

  /** One is free, or the oldest question hangs and steps aside. */
  #hasPlace(): boolean {
    const { maxInFlight, hangingMs, maxHanging } = this.#options;
    if (this.#active.size < maxInFlight) return true;
    if (this.#hanging.size >= maxHanging || this.#hangingTimer !== undefined) return false;
    const [oldest] = this.#active;
    if (oldest === undefined) return false;
    const [question, startedMs] = oldest;
    const leftMs = startedMs + hangingMs - this.#now();
    if (leftMs <= 0) {
      this.#active.delete(question);
      this.#hanging.add(question);
      return true;
    }
    this.#hangingTimer = setTimeout(() => {
      this.#hangingTimer = undefined;
      this.#startNext();
    }, leftMs).unref();
    return false;
  }

  #question<T>(
    name: string,
    type: QueryType,
    interpret: (response: ResponseMessage) => Interpretation<T>,
    done: (asked: Asked<T>) => void,
  ): Question {
    const { timeoutMs, attempts } = this.#options;
    let exchange: Exchange;
    let transport: Transport | undefined;
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      clearTimeout(timer);
      transport?.close();
      transport = undefined;
    };
    const fail = (reason: string): void => {
      release();
      done({ kind: 'failed', reason });
    };
    const send = (kind: 'udp' | 'tcp', server: NameServer, bytes: Buffer): void => {
      release();
      this.counts.sent++;
      if (kind === 'tcp') this.counts.tcp++;
      transport = (kind === 'udp' ? sendUdp : sendTcp)(server, bytes, {
        message: (message) => {
          const step = exchange.received(message);
          if (step.kind !== 'listen') this.#servers.answered(server);
          take(step);
        },
        error: (reason) => {
          this.#servers.failed(server, this.#now());
          take(exchange.unreachable(reason));
        },
      });
      timer = setTimeout(() => {
        this.counts.timeouts++;
        this.#servers.failed(server, this.#now());
        take(exchange.timedOut(timeoutMs));
      }, timeoutMs);
    };
    const take = (step: ExchangeStep): void => {
      switch (step.kind) {
        case 'listen':
          return;
        case 'send':
          send(step.transport, step.server, step.bytes);
          return;
        case 'failed':
          fail(step.reason);
          return;
        case 'response': {
          const meaning = interpret(step.response);
          if (meaning.kind === 'unusable') {
            take(exchange.unusable(meaning.reason));
            return;
          }
          release();
          done({ kind: 'answered', response: step.response, meaning });
        }
      }
    };
    return {
      start: () => {
        const order = this.#servers.order(this.#now());
        exchange = new Exchange(name, type, order, attempts, randomId);
        take(exchange.start());
      },
      abandon: fail,
    };
  }
}

const closedReason = 'the resolver was closed';

function randomId(): number {
  return randomInt(0x1_0000);
}
