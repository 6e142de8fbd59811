// What a plugin's thread tells its process: all that comes up in a turn of the event loop leaves in one message.

import type { MessagePort } from 'node:worker_threads';

import type { Called, Call, FromThread, Given } from '../wire.ts';
import { copyAnswer } from '../answer-copy.ts';
import { mistakeText } from '../mistake-text.ts';

/** Calls of the process that are under way. */
const mostCalls = 1_000;
const mostLogLines = 1_000;

export class Outbox {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  #isScheduled = false;
  #goOn: number[] = [];
  #given: string[] = [];
  #bodies: [number, Uint8Array][] = [];
  #calls: [number, Call][] = [];
  #logs: string[] = [];
  #faults: string[] = [];
  #pong: FromThread['pong'];
  #nextCall = 0;
  readonly #underWay = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  /** The answer to a question. */
  answer(id: number, answer: unknown): void {
    try {
      const copy = copyAnswer(answer);
      if (copy.kind === 'goOn') this.#goOn.push(id);
      else {
        this.#given.push(`[${id},"value",${copy.json}]`);
        for (const body of copy.bodies) this.#bodies.push([id, body]);
      }
      this.#schedule();
    } catch (error) {
      this.fault(id, `it answered something that cannot be read: ${mistakeText(error)}`);
    }
  }

  /** A question has no answer. @param reason - a clause */
  fault(id: number, reason: string): void {
    const given: Given = [id, 'fault', shortened(reason)];
    this.#given.push(JSON.stringify(given));
    this.#schedule();
  }

  /** @throws {Error} when the process says so, or too many calls are under way */
  call(call: Call): Promise<unknown> {
    if (this.#underWay.size >= mostCalls) {
      return Promise.reject(new Error(`more than ${mostCalls} look-ups and reads are under way`));
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextCall++;
      this.#underWay.set(id, { resolve, reject });
      this.#calls.push([id, call]);
      this.#schedule();
    });
  }

  called(id: number, outcome: Called): void {
    const call = this.#underWay.get(id);
    this.#underWay.delete(id);
    if ('fault' in outcome) call?.reject(new Error(outcome.fault));
    else call?.resolve(outcome.value);
  }

  log(text: string): void {
    // The process counts what is left out; beyond this number it would be a waste to tell it.
    if (this.#logs.length < mostLogLines) this.#logs.push(shortened(text));
    this.#schedule();
  }

  /** An error beside the answers. */
  complain(text: string): void {
    if (this.#faults.length < mostLogLines) this.#faults.push(shortened(text));
    this.#schedule();
  }

  pong(externalBytes: number): void {
    this.#pong = { externalBytes };
    this.#schedule();
  }

  /** Sends this, and what has come up before. */
  tell(message: FromThread): void {
    this.#port.postMessage({ ...this.#take(), ...message } satisfies FromThread);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.tell({});
    });
  }

  #take(): FromThread {
    const message: FromThread = {
      ...(this.#goOn.length > 0 && { goOn: this.#goOn }),
      ...(this.#given.length > 0 && { given: `[${this.#given.join(',')}]` }),
      ...(this.#bodies.length > 0 && { bodies: this.#bodies }),
      ...(this.#calls.length > 0 && { calls: this.#calls }),
      ...(this.#logs.length > 0 && { logs: this.#logs }),
      ...(this.#faults.length > 0 && { faults: this.#faults }),
      ...(this.#pong !== undefined && { pong: this.#pong }),
    };
    this.#goOn = [];
    this.#given = [];
    this.#bodies = [];
    this.#calls = [];
    this.#logs = [];
    this.#faults = [];
    this.#pong = undefined;
    return message;
  }
}

function shortened(text: string): string {
  return text.length > 1_000 ? `${text.slice(0, 1_000)}...` : text;
}
