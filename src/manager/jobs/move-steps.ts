// The steps of a job that moves waiting mail to another queue. The messages are gathered first, and move in the order in which they came in; those in a
// transaction move when it is over.

import type { QueueChange } from '../../control/operations/queue-change.ts';
import type { MessageHandle, RecipientFacts } from '../../schedule/types.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import { wouldChange } from './job-preview.ts';
import type { JobPace } from './job-pace.ts';
import type { JobParts } from './job-parts.ts';
import type { ChosenMessage, MessageChoice } from './message-choice.ts';
import { Slice } from './slice.ts';

/** Messages that are stored at the same time. */
const mostAtOnce = 50;
/** Those in a transaction are looked at again after this time. */
const busyMs = 250;

/** What a step did. */
interface Step {
  readonly seen: number;
  readonly recipients: number;
  readonly messages: number;
  readonly refused: number;
  readonly reason: string;
  /** Of a dry run: what would be moved. */
  readonly found: readonly RecipientFacts[];
  readonly isLast: boolean;
}

const nothing: Step = {
  seen: 0,
  recipients: 0,
  messages: 0,
  refused: 0,
  reason: '',
  found: [],
  isLast: false,
};

/** A message that may move, with what it is sorted by. */
interface Candidate {
  readonly message: MessageHandle;
  readonly queueId: string;
  readonly receivedAtMs: number;
}

/** The number of the store of a queue; -1: there is none of this name. @param names - of queues beside the default one */
export function storeNamed(names: readonly string[], name: string): number {
  if (name === defaultQueue) return 0;
  const index = names.indexOf(name);
  return index === -1 ? -1 : index + 1;
}

export class MoveSteps {
  readonly #parts: JobParts;
  readonly #choice: MessageChoice;
  readonly #pace: JobPace;
  readonly #to: number;
  readonly #isDry: boolean;
  readonly #walk: Iterator<MessageHandle | undefined, void>;
  #isGathered = false;
  #waiting: Candidate[] = [];
  /** The next of those that wait. */
  #at = 0;
  #busy: Candidate[] = [];

  constructor(parts: JobParts, { to = '', dryRun }: QueueChange, choice: MessageChoice, pace: JobPace) {
    this.#parts = parts;
    this.#choice = choice;
    this.#pace = pace;
    this.#to = storeNamed(parts.queueNames(), to);
    this.#isDry = dryRun === true;
    this.#walk = choice.candidates();
  }

  /** @param cancelled - ends a pause, and is followed by no other step */
  async step(cancelled: Promise<void>): Promise<Step> {
    if (!this.#isGathered) {
      if (!this.#isDry) await Promise.race([this.#parts.changes.sendersHeard(), cancelled]);
      return { ...nothing, seen: await this.#gather() };
    }
    if (this.#at < this.#waiting.length) return this.#moveSome();
    if (this.#busy.length === 0) return { ...nothing, isLast: true };
    await Promise.race([cancelled, this.#pause()]);
    this.#waiting = this.#busy.toSorted(byAge);
    this.#at = 0;
    this.#busy = [];
    return nothing;
  }

  /** @returns how many messages were looked at */
  #gather(): Promise<number> {
    const { manager } = this.#parts;
    return this.#pace.slice(() => {
      const slice = new Slice(this.#parts.timers);
      let seen = 0;
      while (!slice.isOver()) {
        const next = this.#walk.next();
        if (next.done === true) {
          this.#isGathered = true;
          this.#waiting.sort(byAge);
          break;
        }
        seen++;
        const message = next.value;
        const found = message === undefined ? undefined : this.#choice.byFacts(message);
        if (message === undefined || found === undefined) continue;
        const { queueId } = found;
        if (!this.#parts.mover.isElsewhere(found, this.#to)) continue;
        this.#waiting.push({ message, queueId, receivedAtMs: manager.receivedAtMs(message) });
      }
      return seen;
    });
  }

  async #moveSome(): Promise<Step> {
    const { manager, mover } = this.#parts;
    const some = this.#waiting.slice(this.#at, this.#at + mostAtOnce);
    this.#at += some.length;
    // Others may have come in the place of those that have left the queue meanwhile.
    const present = some.filter(({ message, queueId }) => manager.scheduler.isQueued(message, queueId));
    const chosen = await this.#pace.slice(() =>
      present.flatMap(({ message }) => this.#choice.byFacts(message) ?? []),
    );
    const wanted = this.#choice.looksAtAddresses ? await this.#byAddresses(chosen) : chosen;
    if (this.#isDry) return this.#wouldMove(wanted);
    // It mostly waits for the disks.
    const moved = await mover.move(wanted, this.#to);
    const ages = new Map(some.map((each) => [each.queueId, each]));
    for (const { queueId } of moved.busy) {
      const candidate = ages.get(queueId);
      if (candidate !== undefined) this.#busy.push(candidate);
    }
    const { recipients, messages, refused, reason, isFull } = moved;
    return { ...nothing, recipients, messages, refused, reason, isLast: isFull };
  }

  #wouldMove(wanted: readonly ChosenMessage[]): Step {
    const found = wanted.map(({ recipients }) => recipients.filter((each) => wouldChange('move', each)));
    const all = found.flat();
    const messages = found.filter(({ length }) => length > 0).length;
    return { ...nothing, recipients: all.length, messages, found: all };
  }

  async #byAddresses(chosen: readonly ChosenMessage[]): Promise<ChosenMessage[]> {
    const read = await Promise.all(chosen.map((each) => this.#choice.byAddresses(each)));
    return read.filter((each) => each !== undefined);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.timers.setTimeout(resolve, busyMs).unref();
    });
  }
}

function byAge(one: Candidate, other: Candidate): number {
  return one.receivedAtMs - other.receivedAtMs || (one.queueId < other.queueId ? -1 : 1);
}
