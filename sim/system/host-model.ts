// The host at the other end of a simulated connection: it works on one transaction after the other, says what became of each, and
// breaks off before or after it has taken a message, or after it has answered.

import type { AttemptResult, Work } from '../../src/deliver/types.ts';
import { readFailure } from '../../src/deliver/read-failure.ts';
import type { Peer, Refusal } from '../../src/message/refusal.ts';
import { simulatedReply } from '../../src/simulate/simulated-reply.ts';
import type { StoredMessage } from '../../src/spool/types.ts';
import type { Arrival } from './arrival.ts';
import { verdictOf, type Host } from './internet.ts';
import type { Surroundings } from './surroundings.ts';

/** A transaction that was begun and has no results. It knows of its arrivals until they are reported. */
export interface Underway {
  readonly work: Work;
  /** Counted from 1 on its connection. */
  readonly number: number;
  /** Nothing else was on the way when it began. */
  readonly isAlone: boolean;
  /** When it was read. */
  message?: StoredMessage;
  /** It cannot be read. */
  failure?: Refusal;
  /** The host works on it, or has. */
  isServed?: boolean;
  /** All of it was written to the host, with its end. */
  isWritten?: boolean;
}

/** The client at this end of the connection. */
export interface HostClient {
  readonly around: Surroundings;
  readonly peer: Peer;
  readonly hasEnded: boolean;
  done(underway: Underway, results: readonly AttemptResult[], arrivals: readonly Arrival[]): void;
  contentFailed(underway: Underway, refusal: Refusal): void;
  hostLeaves(): void;
  hungUp(heardOf: boolean): void;
  later(ms: number, act: () => void): void;
}

/** Why a message that was taken may come again. */
const unheard = 'the destination closed the connection after it had taken the message';

export class HostModel {
  readonly #host: Host;
  readonly #client: HostClient;
  /** It works on a transaction, or on none any more. */
  #isBusy = false;
  /** What it has said and the client has not heard. */
  readonly #said: (() => void)[] = [];
  /** Taken, and not told. */
  readonly #untold: Underway[] = [];

  constructor(host: Host, client: HostClient) {
    this.#host = host;
    this.#client = client;
  }

  /** Goes on with the first of these that it has not worked on, if it is there. */
  serve(begun: readonly Underway[]): void {
    if (this.#isBusy) return;
    const next = begun.find(({ isServed }) => isServed !== true);
    if (next === undefined) return;
    const { failure, message } = next;
    if (failure !== undefined) {
      // The client finds that out itself, and tells it in order.
      next.isServed = true;
      this.#say(0, () => {
        this.#client.done(next, refused(next, failure), []);
      });
      this.serve(begun);
      return;
    }
    if (message === undefined) return;
    next.isServed = true;
    this.#isBusy = true;
    this.#transaction(next, message, begun);
  }

  #transaction(underway: Underway, message: StoredMessage, begun: readonly Underway[]): void {
    const { random } = this.#client.around;
    const { temper } = this.#host;
    // MAIL, RCPT and DATA; those of the second transaction have come with the end of the first.
    const replies = this.#host.depth === 1 ? 3 : underway.isAlone ? 1 : 0;
    this.#client.later(replies * temper.replyMs, () => {
      if (random.next() < temper.dropsBefore) {
        // Of one that follows another, maybe nothing was heard: as if it had not begun.
        this.#hangUp(underway.number === 1 || random.next() < 0.5);
        return;
      }
      this.#take(underway, message, begun).catch((error: unknown) => this.#client.around.failed(error));
    });
  }

  async #take(underway: Underway, message: StoredMessage, begun: readonly Underway[]): Promise<void> {
    const { around } = this.#client;
    const { temper } = this.#host;
    const { work } = underway;
    const isBusy = around.random.next() < temper.isBusy;
    const verdicts = new Map(
      work.recipients.map((index) => {
        const address = message.envelope.recipients[index]?.address ?? '';
        return [index, { address, verdict: isBusy ? 'later' : verdictOf(address, around.isCalm) }] as const;
      }),
    );
    const taken = [...verdicts].filter(([, { verdict }]) => verdict === 'taken');
    const results = work.recipients.map((index): AttemptResult => {
      const verdict = verdicts.get(index)?.verdict;
      if (verdict === 'taken') return { recipient: index, result: 'delivered' };
      if (verdict === 'never') around.books.refusedAt(work.queueId, index);
      const reply =
        verdict === 'never'
          ? '550 5.1.1 no such user'
          : `451 4.3.0 not at this moment (${around.grants.count})`;
      return {
        recipient: index,
        result: 'refused',
        refusal: simulatedReply(this.#client.peer, 'RCPT', reply),
      };
    });
    if (taken.length === 0) {
      this.#answer(underway, results, [], begun, 0);
      return;
    }
    let content: string;
    try {
      content = await this.#content(message);
    } catch (error) {
      // The content could not be finished: nothing was taken, and the connection is of no more use.
      this.#client.hostLeaves();
      this.#say(0, () => this.#client.contentFailed(underway, readFailure(error)));
      return;
    }
    // The client has gone before all of the content was read from its disk, so it never had its end.
    if (this.#client.hasEnded) return;
    underway.isWritten = true;
    const addresses = taken.map(([, { address }]) => address);
    around.trace(() => `${work.queueId} arrives at ${addresses.join(', ')}`);
    const arrivals = around.books.took(content, addresses, underway);
    for (const arrival of arrivals) arrival.store = work.ref.store;
    around.others?.arrives(work.ref.store);
    this.#untold.push(underway);
    if (around.random.next() < temper.dropsAfter) this.#hangUp(true, underway);
    else this.#answer(underway, results, arrivals, begun, temper.replyMs);
  }

  /** Says what became of the transaction, and goes on with the next one, or hangs up. */
  #answer(
    underway: Underway,
    results: readonly AttemptResult[],
    arrivals: readonly Arrival[],
    begun: readonly Underway[],
    afterMs: number,
  ): void {
    this.#say(afterMs, () => {
      const at = this.#untold.indexOf(underway);
      if (at !== -1) this.#untold.splice(at, 1);
      this.#client.done(underway, results, arrivals);
    });
    if (this.#client.around.random.next() < this.#host.temper.closesAfter) {
      this.#client.hostLeaves();
      // It may have been used again just now: then nothing of that was heard.
      this.#say(this.#host.temper.replyMs, () => this.#client.hungUp(false));
      return;
    }
    this.#isBusy = false;
    this.serve(begun);
  }

  /** The connection breaks. Half the time, what was said before is lost with it. @param taken - and not told */
  #hangUp(heardOf: boolean, taken?: Underway): void {
    const { around } = this.#client;
    this.#client.hostLeaves();
    const doesReset = this.#said.length > 0 && around.random.next() < 0.5;
    if (doesReset) this.#said.length = 0;
    for (const underway of this.#untold) {
      if (doesReset || underway === taken) around.memory.forget(underway, unheard);
    }
    this.#say(this.#host.temper.replyMs, () => this.#client.hungUp(heardOf || doesReset));
  }

  /** Tells the client something. All that was said before has come by then, too. */
  #say(ms: number, tell: () => void): void {
    this.#said.push(tell);
    this.#client.later(ms, () => {
      const at = this.#said.indexOf(tell);
      for (const each of this.#said.splice(0, at + 1)) each();
    });
  }

  /** Piece by piece, as the other end takes it. */
  async #content(message: StoredMessage): Promise<string> {
    const { random } = this.#client.around;
    const pieces: Uint8Array[] = [];
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        this.#client.later(random.next() * this.#host.temper.contentMs, resolve);
      });
    if (message.content !== undefined) {
      await pause();
      pieces.push(message.content);
    } else {
      for await (const piece of message.stream()) {
        await pause();
        pieces.push(piece);
      }
    }
    return Buffer.concat(pieces).toString('latin1');
  }
}

function refused({ work }: Underway, refusal: Refusal): AttemptResult[] {
  return work.recipients.map((recipient) => ({ recipient, result: 'refused', refusal }));
}
