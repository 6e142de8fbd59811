// What operators are told, against what the disk has: a change that is confirmed is on stable storage in the same step.

import { join } from 'node:path';
import type { Request, Response } from '../../src/channel/messages.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import type { SimulatedDisk } from '../disk/simulated-disk.ts';
import { check } from '../world/ledger.ts';
import { Fact } from './fact.ts';
import type { Memory } from './memory.ts';
import type { SimProcess } from './sim-process.ts';

/** A request that changes something, as it was heard by a manager. */
type Asked =
  | { readonly kind: 'queue'; readonly action: string; readonly fact: Fact }
  | ({ readonly kind: 'overrides' } & AskedOverrides);

interface AskedOverrides {
  readonly isSet: boolean;
  /** `suspend` or `limit`. */
  readonly override: string;
  readonly targets: readonly string[];
}

/** What is asked, as far as it is looked at. */
interface Question {
  readonly action?: string;
  readonly kind?: string;
  readonly targets?: readonly string[];
}

/** The file of overrides, as far as it is looked at. */
interface StoredOverrides {
  readonly overrides: readonly { readonly kind: string; readonly target: string }[];
}

/** Changes of the queue that are journaled. */
const journaled: ReadonlySet<string> = new Set(['hold', 'release', 'remove']);

export interface AnswerBooksOptions {
  readonly memory: Memory;
  readonly nowMs: () => number;
  /** The folder of the spool. */
  readonly spool: string;
  readonly disk: () => SimulatedDisk;
  /** An operator is told that a change is in force. */
  readonly answered: () => void;
}

export class AnswerBooks {
  readonly #options: AnswerBooksOptions;
  /** By the number of the request. */
  readonly #asked = new Map<number, Asked>();
  /** Answers that were judged. */
  judged = 0;

  constructor(options: AnswerBooksOptions) {
    this.#options = options;
  }

  /** A process has taken these messages. */
  heard(batch: readonly unknown[], by: SimProcess): void {
    for (const message of batch) {
      const request = message as Request | { readonly kind?: undefined };
      if (request.kind !== 'request') continue;
      const { id, operation } = request;
      const { action = '', kind = '', targets = [] } = request.question as Question;
      if (operation === 'queue.change' && journaled.has(action)) {
        const fact = new Fact(this.#options.nowMs(), by);
        this.#options.memory.heard(by, [fact]);
        this.#asked.set(id, { kind: 'queue', action, fact });
      } else if (operation === 'override.set' || operation === 'override.unset') {
        const isSet = operation === 'override.set';
        this.#asked.set(id, { kind: 'overrides', isSet, override: kind, targets });
      }
    }
  }

  /** A process has just posted this message: the manager's answer, perhaps. */
  posted(message: unknown): void {
    const response = message as Response | { readonly kind?: undefined };
    if (response.kind !== 'response') return;
    const asked = this.#asked.get(response.id);
    this.#asked.delete(response.id);
    if (asked === undefined || !('result' in response)) return;
    if (asked.kind === 'overrides') this.#checkOverrides(asked);
    else {
      const { recipients, unstored } = response.result as JobReport;
      // What was in force before may have been stored then.
      if (recipients === 0 || unstored > 0) return;
      const isStored = this.#options.memory.isOnDisk(asked.fact);
      check(
        isStored,
        () => `an operator is told that "${asked.action}" is done, and the journal is not synced`,
      );
    }
    this.judged++;
    this.#options.answered();
  }

  #checkOverrides({ isSet, override, targets }: AskedOverrides): void {
    const { disk, spool } = this.#options;
    const text = disk().durable(join(spool, 'overrides.json'))?.toString('utf8') ?? '{"overrides":[]}';
    const { overrides } = JSON.parse(text) as StoredOverrides;
    for (const target of targets) {
      const isStored = overrides.some((each) => each.kind === override && each.target === target);
      check(
        isStored === isSet,
        () =>
          `an operator is told that "${override} ${target}" is ${isSet ? 'set' : 'taken back'}, and the disk does not say so`,
      );
    }
  }
}
