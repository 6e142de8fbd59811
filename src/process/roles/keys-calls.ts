// Questions to the keys process over a link of their own. Promises: every question ends; while the keys process is away, silent or not wanted,
// with a sentence that says so.

import type { Link } from '../../channel/link.ts';
import type { Asked, Response } from '../../channel/messages.ts';
import { OperationCaller } from '../../channel/operation-caller.ts';
import { ControlError } from '../../control/control-error.ts';
import type { OperationSet, SetTypes } from '../../control/operations/operation.ts';
import { beatEveryMs, Heartbeat } from '../watch/heartbeat.ts';

/** Questions under way at most: a keys process that hangs must not fill the memory of this one. */
const mostPending = 20_000;

/** A link that connects when it is opened. */
export interface KeysLink extends Link<Asked> {
  open(): Promise<void>;
  /** Calls back as soon as it is connected; not given for one that always is. */
  whenLinked?(callback: () => void): void;
}

/** What a link is made with: its messages go to `take`, and its loss to `lost`. */
export interface LinkEnds {
  take(batch: readonly Response[]): void;
  lost(): void;
}

/** Makes a link to the keys process, which is opened by whoever has it. */
export type MakeKeysLink = (ends: LinkEnds) => KeysLink;

/** Every set has it: an answer shows that the other end lives. */
type WithPing = SetTypes & { readonly ping: SetTypes[string] };

/** A question that was not answered. */
export interface Unanswered {
  readonly kind: 'failing';
  readonly reason: string;
}

export class KeysCalls<Set extends WithPing> implements LinkEnds {
  readonly #makeLink: MakeKeysLink;
  readonly #calls: OperationCaller<Set>;
  readonly #unwanted: string;
  #link: KeysLink | undefined;
  /** Heartbeat of the keys process, while questions wait. */
  #heartbeat = new Heartbeat();
  #timer: NodeJS.Timeout | undefined;

  /** @param unwanted - why there is no answer while there is no link: a clause */
  constructor(set: OperationSet<Set>, makeLink: MakeKeysLink, unwanted: string) {
    this.#makeLink = makeLink;
    this.#unwanted = unwanted;
    this.#calls = new OperationCaller(set, 'The keys process', (message) => this.#link?.post(message));
  }

  /** Connects while the link is wanted, and only then. */
  configure(isWanted: boolean): void {
    if (isWanted === (this.#link !== undefined)) return;
    if (!isWanted) {
      this.close();
      return;
    }
    this.#link = this.#makeLink(this);
    void this.#link.open();
  }

  /** Calls back as soon as questions can be asked, or when none are wanted. */
  whenLinked(callback: () => void): void {
    if (this.#link?.whenLinked === undefined) callback();
    else this.#link.whenLinked(callback);
  }

  async ask<Name extends keyof Set & string>(
    name: Name,
    question: Set[Name]['question'],
  ): Promise<Set[Name]['answer'] | Unanswered> {
    if (this.#link === undefined) return { kind: 'failing', reason: this.#unwanted };
    if (this.#calls.pending >= mostPending)
      return { kind: 'failing', reason: 'too many questions wait for the keys process' };
    const answer = this.#calls.ask(name, question);
    this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
    try {
      return await answer;
    } catch (error) {
      return { kind: 'failing', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  take(batch: readonly Response[]): void {
    this.#heartbeat.answered();
    for (const response of batch) this.#calls.take(response);
  }

  lost(): void {
    this.#reject('the keys process is being restarted');
  }

  close(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#reject(this.#unwanted);
    this.#stopHeartbeat();
    link?.close();
  }

  /** Hashes take time, and others that wait get their turn first: only a process that does not even answer pings is given up. */
  #beat(): void {
    if (this.#calls.pending === 0) return this.#stopHeartbeat();
    if (this.#heartbeat.beat()) this.#calls.ask('ping', {}).catch(() => undefined);
    if (!this.#heartbeat.isStalled) return;
    this.#reject('the keys process does not answer');
    this.#stopHeartbeat();
  }

  #reject(reason: string): void {
    this.#calls.rejectAll(new ControlError('KEYS_LOST', reason));
  }

  #stopHeartbeat(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heartbeat = new Heartbeat();
  }
}
