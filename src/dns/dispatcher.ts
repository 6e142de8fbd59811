// Runs exchanges on sockets: at most `maxInFlight` at once, and the rest wait in line. A question that has had no answer for
// `hangingMs` no longer counts for that bound, so that dead domains do not delay others. This is the thin shell around
// `Exchange`; the caller interprets the answers.

import { randomInt } from 'node:crypto';
import { Exchange, type ExchangeStep } from './exchange.ts';
import type { Interpretation } from './interpretation.ts';
import type { QueryType, ResponseMessage } from './message.ts';
import { OutageWatch } from './outage-watch.ts';
import { QuestionLine } from './question-line.ts';
import { ServerList } from './server-list.ts';
import { SilenceWatch } from './silence-watch.ts';
import { sendTcp, sendUdp, type Transport } from './transport.ts';
import type { NameServer, Outage, ResolverOptions } from './types.ts';

/** A question whose servers cannot be reached is begun this often at most. */
const mostStarts = 3;
/** A datagram without an answer is sent again after this time plus up to half of it, and once more after twice that. */
const resendMs = 300;

/** How a question ended. */
export type Asked<T> =
  | {
      readonly kind: 'answered';
      readonly response: ResponseMessage;
      readonly meaning: Exclude<Interpretation<T>, { readonly kind: 'unusable' }>;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly noServer?: true };

/** A question in line or on the wire. */
interface Question {
  start(): void;
  /** If the question waits for this server, which is silent, it goes to the next server. */
  leave(server: NameServer): void;
  /** Ends the question as failed. @param noServer - because no name server answers */
  abandon(reason: string, noServer?: true): void;
}

/** Running counts; `stats()` of the resolver copies them. */
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
  readonly #isLeftAlone = (server: NameServer): boolean => this.#servers.isLeftAlone(server);
  /** Questions that count for `maxInFlight`, the oldest first, with the time of their start in ms. */
  readonly #active = new Map<Question, number>();
  readonly #hanging = new Set<Question>();
  readonly #line: QuestionLine<Question>;
  /** Unanswered questions, while it is in doubt whether any server answers; each with the action for when one does. */
  readonly #doubtful = new Map<Question, () => void>();
  readonly #watch: OutageWatch;
  readonly #silence: SilenceWatch;
  /** Called when an outage begins or ends. */
  onOutage: (outage: Outage | undefined) => void = () => undefined;
  /** Runs while questions are in line and wait for the oldest active question to hang. */
  #hangingTimer: NodeJS.Timeout | undefined;
  #closed = false;
  #outageTold = false;

  constructor(options: ResolverOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#servers = new ServerList(options.servers);
    this.#line = new QuestionLine({ now, goOn: () => this.#startNext() });
    this.#watch = new OutageWatch({
      servers: options.servers,
      now,
      answered: (server) => this.#servers.answered(server, now()),
      decided: () => this.#decided(),
    });
    this.#silence = new SilenceWatch({
      servers: options.servers,
      now,
      answered: (server) => this.#answered(server),
      silent: (server, sinceMs) => this.#isSilent(server, sinceMs),
    });
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

  get outage(): Outage | undefined {
    return this.#watch.outage;
  }

  /** Asks the servers one question. A response that `interpret` finds unusable counts as a failed try. */
  ask<T>(
    name: string,
    type: QueryType,
    interpret: (response: ResponseMessage) => Interpretation<T>,
  ): Promise<Asked<T>> {
    if (this.#closed) return Promise.resolve({ kind: 'failed', reason: closedReason });
    const { outage } = this.#watch;
    if (outage !== undefined) {
      return Promise.resolve({ kind: 'failed', reason: noServerReason(outage), noServer: true });
    }
    return new Promise((resolve) => {
      const question = this.#question(name, type, interpret, (asked: Asked<T>) => {
        if (this.#active.delete(question) || this.#hanging.delete(question)) this.#line.ended();
        resolve(asked);
        this.#startNext();
      });
      this.#line.push(question, type);
      this.#startNext();
    });
  }

  close(): void {
    this.#closed = true;
    this.#watch.close();
    this.#silence.close();
    this.#abandonAll(closedReason);
    this.#line.close();
  }

  #abandonAll(reason: string, noServer?: true): void {
    for (let question = this.#line.shift(); question !== undefined; question = this.#line.shift()) {
      question.abandon(reason, noServer);
    }
    const open = [...this.#doubtful.keys(), ...this.#active.keys(), ...this.#hanging];
    this.#doubtful.clear();
    for (const question of open) question.abandon(reason, noServer);
  }

  /** The outage watch has decided whether any server answers, or an outage is over. */
  #decided(): void {
    const { outage } = this.#watch;
    if (outage !== undefined) {
      this.#abandonAll(noServerReason(outage), true);
    } else {
      const doubtful = [...this.#doubtful.values()];
      this.#doubtful.clear();
      for (const goOn of doubtful) goOn();
      this.#startNext();
    }
    if (this.#outageTold === (outage !== undefined)) return;
    this.#outageTold = outage !== undefined;
    this.onOutage(outage);
  }

  #answered(server: NameServer): void {
    this.#servers.answered(server, this.#now());
    this.#watch.answered(server);
  }

  /** This server is silent while another one answers: questions that wait for it go to the next server. */
  #isSilent(server: NameServer, sinceMs: number): void {
    this.#servers.failed(server, sinceMs, this.#now());
    if (!this.#servers.isLeftAlone(server)) return;
    this.#watch.silent(server, sinceMs, silentReason);
    for (const question of [...this.#active.keys(), ...this.#hanging]) question.leave(server);
  }

  get #mayAsk(): boolean {
    return !this.#closed && this.#watch.outage === undefined;
  }

  #startNext(): void {
    while (this.#mayAsk && this.#line.mayBegin() && this.#hasPlace()) {
      const question = this.#line.shift();
      if (question === undefined) break;
      this.#active.set(question, this.#now());
      question.start();
    }
    if (this.#line.length > 0) return;
    clearTimeout(this.#hangingTimer);
    this.#hangingTimer = undefined;
  }

  /** Whether another question may start. If all places are taken and the oldest question hangs, that gives up its place. */
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

  /** Keeps an unanswered question, without a place, until it is known whether any server answers. */
  #setAside(question: Question, goOn: () => void): void {
    if (this.#active.delete(question) || this.#hanging.delete(question)) this.#line.ended();
    this.#doubtful.set(question, goOn);
    this.#startNext();
  }

  #question<T>(
    name: string,
    type: QueryType,
    interpret: (response: ResponseMessage) => Interpretation<T>,
    done: (asked: Asked<T>) => void,
  ): Question {
    const { timeoutMs, attempts, validating } = this.#options;
    const edns = validating === true ? 'dnssec' : 'plain';
    let exchange: Exchange;
    let transport: Transport | undefined;
    let timer: NodeJS.Timeout | undefined;
    let suspicion: NodeJS.Timeout | undefined;
    let asked: NameServer | undefined;
    const release = (): void => {
      clearTimeout(timer);
      clearTimeout(suspicion);
      asked = undefined;
      transport?.close();
      transport = undefined;
    };
    /** `wasHeard`: a message came. `wasSilent`: a server did not answer in time. Neither: no server could be reached. */
    let wasHeard = false;
    let wasSilent = false;
    let starts = 0;
    const fail = (reason: string, noServer?: true): void => {
      release();
      done({ kind: 'failed', reason, ...(noServer && { noServer }) });
    };
    const unanswered = (reason: string): void => {
      release();
      // Servers that could not be reached may be restarting. The question never reached one, so it is begun again.
      const goOn =
        wasSilent || starts >= mostStarts ? () => fail(reason) : () => this.#line.push(question, type);
      if (this.#watch.isInDoubt) this.#setAside(question, goOn);
      else fail(reason);
    };
    const send = (kind: 'udp' | 'tcp', server: NameServer, bytes: Buffer): void => {
      release();
      asked = server;
      this.counts.sent++;
      if (kind === 'tcp') this.counts.tcp++;
      transport = (kind === 'udp' ? sendUdp : sendTcp)(server, bytes, {
        message: (message) => {
          const step = exchange.received(message);
          if (step.kind !== 'listen') {
            wasHeard = true;
            this.#answered(server);
          }
          take(step);
        },
        error: (reason) => {
          this.#servers.failed(server, this.#now(), this.#now());
          this.#watch.unreachable(server, reason);
          take(exchange.unreachable(reason));
        },
      });
      const sentMs = this.#now();
      timer = setTimeout(() => {
        this.counts.timeouts++;
        wasSilent = true;
        this.#servers.failed(server, sentMs, this.#now());
        this.#watch.silent(server, sentMs, `no answer within ${timeoutMs} ms`);
        take(exchange.timedOut(timeoutMs));
      }, timeoutMs);
      if (kind === 'udp' && timeoutMs > resendMs) suspect(server, sentMs, resendMs);
    };
    /**
     * Sends the datagram again after a while without an answer: it may be lost, most likely when many are sent at once after
     * an outage (RFC 1035 4.2.1 leaves retransmission to the sender). Or the server is silent, which is then checked.
     */
    const suspect = (server: NameServer, sentMs: number, afterMs: number): void => {
      suspicion = setTimeout(
        () => {
          this.counts.sent++;
          transport?.resend?.();
          if (afterMs === resendMs) suspect(server, sentMs, afterMs * 2);
          if (this.#servers.hasChoice && !this.#servers.hasAnsweredSince(server, sentMs))
            this.#silence.compare();
        },
        // At different moments, because many datagrams at once could be lost again.
        afterMs + randomInt(afterMs / 2),
      );
    };
    const take = (step: ExchangeStep): void => {
      switch (step.kind) {
        case 'listen':
          return;
        case 'send':
          send(step.transport, step.server, step.bytes);
          return;
        case 'failed':
          if (wasHeard) fail(step.reason);
          else unanswered(step.reason);
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
    const question: Question = {
      start: () => {
        starts++;
        wasHeard = false;
        wasSilent = false;
        this.#silence.probe(this.#servers.takeProbes(this.#now()));
        const servers = this.#servers.order();
        exchange = new Exchange(name, type, servers, attempts, randomId, this.#isLeftAlone, edns);
        take(exchange.start());
      },
      leave: (server) => {
        if (asked !== server) return;
        wasSilent = true;
        take(exchange.unreachable(silentReason));
      },
      abandon: fail,
    };
    return question;
  }
}

const silentReason = 'no answer, while another name server answers';
const closedReason = 'the resolver was closed';

function noServerReason({ reason }: Outage): string {
  return `no name server answers (${reason})`;
}

function randomId(): number {
  return randomInt(0x1_0000);
}
