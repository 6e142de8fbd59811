// The thread of a plugin, as its process sees it. Promises: every question that it was sent is answered or fails; when the thread ends in any
// way, its questions fail, and `onGone` is called once.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';

import type { Timers } from '../../io/timers.ts';
import { withBodies } from '../answer-copy.ts';
import type { Call, Called, FromThread, Given, LoadedFile, ThreadData, ToThread } from '../wire.ts';
import { type PluginLookups, lookUp } from './lookups.ts';
import { LogLines } from '../../log/log-lines.ts';
import type { PendingQuestion } from './question.ts';

const isSource = import.meta.url.endsWith('.ts');
const program = new URL(isSource ? '../thread/main.ts' : '../thread/main.js', import.meta.url);

/** What it says when it ends has to come within this time. */
const endsWithinMs = 2_000;

export interface ThreadEvents {
  /** It is set up, and has these points. */
  onReady(points: readonly string[], files: readonly LoadedFile[]): void;
  /** It ended, or cannot be used. @param reason - a clause; undefined when it was told to end. @param files - those that it has tried to load */
  onGone(reason: string | undefined, files: readonly LoadedFile[]): void;
  /** Something failed beside the answers. @param text - a clause */
  onFault(text: string): void;
  /** A question was answered, or failed: there is room for another one. */
  onAnswer(): void;
}

export interface ThreadParts extends ThreadEvents {
  readonly timers: Timers;
  readonly lookups: PluginLookups;
  readonly memoryBytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: (text: string) => void;
}

export class PluginThread {
  readonly #parts: ThreadParts;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #underWay = new Map<number, PendingQuestion>();
  #nextId = 0;
  #isScheduled = false;
  #questions: string[] = [];
  #headers: [number, Uint8Array][] = [];
  #called: [number, Called][] = [];
  #pingAtMs: number | undefined;
  #isRetired = false;
  #isGone = false;
  /** Resolves when the thread has ended. */
  readonly whenExited: Promise<void>;
  #hasExited = false;

  constructor(data: ThreadData, parts: ThreadParts) {
    this.#parts = parts;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const heapMb = Math.max(16, Math.ceil(parts.memoryBytes / 1024 ** 2));
    this.#worker = new Worker(program, {
      name: `plugin ${data.name}`,
      workerData: { ...data, port: port2 },
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
      env: { ...parts.environment },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdout: true,
      stderr: true,
    });
    const lines = new LogLines(parts.log, parts.timers.nowMs);
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => lines.addPiece(piece));
    }
    port1.on('message', (message: FromThread) => this.#take(message, lines));
    this.#worker.on('error', (error: unknown) => this.#gone(endText(error)));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenExited = promise;
    this.#worker.on('exit', (code) => {
      this.#hasExited = true;
      this.#gone(`it ended itself, with the code ${code}`);
      port1.close();
      resolve();
    });
    // A process that stops is not kept by its plugins.
    this.#worker.unref();
    port1.unref();
  }

  /** Questions without an answer. */
  get load(): number {
    return this.#underWay.size;
  }

  /** Whether the thread is there still: one that hangs outside of JavaScript cannot be ended from here. */
  get hasExited(): boolean {
    return this.#hasExited;
  }

  send(question: PendingQuestion): void {
    const id = this.#nextId++;
    this.#underWay.set(id, question);
    this.#questions.push(`[${id},"${question.point}",${question.facts}]`);
    if (question.header !== undefined) this.#headers.push([id, question.header]);
    this.#schedule();
  }

  /** Takes questions out whose time is over. @returns them */
  takeLate(nowMs: number): readonly PendingQuestion[] {
    const late: PendingQuestion[] = [];
    for (const [id, question] of this.#underWay) {
      if (question.untilMs > nowMs) continue;
      late.push(question);
      this.#closed(id, question);
    }
    return late;
  }

  /** Whether it has not answered a ping for this time: its code runs without a pause. */
  hangs(nowMs: number, limitMs: number): boolean {
    return this.#pingAtMs !== undefined && nowMs >= this.#pingAtMs + limitMs;
  }

  get isPinged(): boolean {
    return this.#pingAtMs !== undefined;
  }

  /** It gets no further questions, and ends when it has answered those that it has. */
  retire(): void {
    this.#isRetired = true;
    if (this.#underWay.size === 0) this.#end();
  }

  /** Ends it at once. @param reason - a clause, for its questions and for `onGone` */
  kill(reason: string | undefined): void {
    this.#gone(reason);
    void this.#worker.terminate();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isGone) return;
    this.#isScheduled = true;
    this.#parts.timers.setImmediate(() => {
      this.#isScheduled = false;
      this.#flush({});
    });
  }

  #flush(more: ToThread): void {
    if (this.#isGone) return;
    const moved = this.#called.flatMap(([, outcome]) =>
      'value' in outcome && outcome.value instanceof Uint8Array ? [outcome.value.buffer as ArrayBuffer] : [],
    );
    const isPing = this.#questions.length > 0 && this.#pingAtMs === undefined;
    if (isPing) this.#pingAtMs = this.#parts.timers.nowMs();
    const message: ToThread = {
      ...(this.#questions.length > 0 && { questions: `[${this.#questions.join(',')}]` }),
      ...(this.#headers.length > 0 && { headers: this.#headers }),
      ...(this.#called.length > 0 && { called: this.#called }),
      ...(isPing && { ping: true }),
      ...more,
    };
    this.#questions = [];
    this.#headers = [];
    this.#called = [];
    this.#port.postMessage(message, moved);
  }

  #take(message: FromThread, lines: LogLines): void {
    if (this.#isGone) return;
    const {
      ready,
      unusable,
      goOn = [],
      given,
      bodies = [],
      calls = [],
      logs = [],
      faults = [],
      pong,
      ended,
    } = message;
    for (const text of logs) lines.add(text);
    for (const text of faults) this.#parts.onFault(text);
    if (pong !== undefined) this.#ponged(pong.externalBytes);
    for (const id of goOn) this.#answered(id, { kind: 'continue' });
    if (given !== undefined) this.#given(given, bodies);
    for (const [call, wanted] of calls) void this.#carryOut(call, wanted);
    if (ready !== undefined) this.#parts.onReady(ready.points, ready.files);
    if (unusable !== undefined) {
      this.#gone(unusable.reason, unusable.files);
      void this.#worker.terminate();
    }
    if (ended === true) this.kill(undefined);
  }

  #given(text: string, bodies: readonly (readonly [number, Uint8Array])[]): void {
    for (const given of JSON.parse(text) as readonly Given[]) {
      const [id, kind, value] = given;
      if (kind === 'fault') this.#failed(id, value);
      else {
        const own = bodies.filter(([of]) => of === id).map(([, body]) => body);
        this.#answered(id, withBodies(value, own));
      }
    }
  }

  #answered(id: number, answer: unknown): void {
    const question = this.#underWay.get(id);
    if (question === undefined) return; // too late
    this.#closed(id, question);
    question.resolve(answer);
  }

  #failed(id: number, reason: string): void {
    const question = this.#underWay.get(id);
    if (question === undefined) return;
    this.#closed(id, question);
    question.fail(reason);
  }

  #closed(id: number, question: PendingQuestion): void {
    this.#underWay.delete(id);
    question.close();
    this.#parts.onAnswer();
    if (this.#isRetired && this.#underWay.size === 0) this.#end();
  }

  async #carryOut(call: number, wanted: Call): Promise<void> {
    const outcome =
      wanted.kind === 'dns'
        ? await lookUp(this.#parts.lookups, wanted.type, wanted.name)
        : await this.#nextPiece(wanted.question, wanted.reader);
    this.#called.push([call, outcome]);
    this.#schedule();
  }

  async #nextPiece(id: number, reader: number): Promise<Called> {
    const question = this.#underWay.get(id);
    if (question === undefined) return { fault: 'the message is not here any more' };
    try {
      return { value: await question.nextPiece(reader) };
    } catch (error) {
      return { fault: `the body cannot be read: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  #ponged(externalBytes: number): void {
    this.#pingAtMs = undefined;
    const { memoryBytes } = this.#parts;
    if (externalBytes > memoryBytes) {
      this.kill(`it took ${Math.round(externalBytes / 1024 ** 2)} MiB of memory outside of its heap`);
    }
  }

  /** Gives it time to close what it has opened. */
  #end(): void {
    if (this.#isGone) return;
    this.#flush({ end: true });
    this.#parts.timers.setTimeout(() => this.kill(undefined), endsWithinMs).unref();
  }

  #gone(reason: string | undefined, files: readonly LoadedFile[] = []): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const questions = [...this.#underWay.values()];
    this.#underWay.clear();
    for (const question of questions) {
      question.close();
      question.fail(reason ?? 'it was ended');
    }
    this.#parts.onGone(reason, files);
  }
}

function endText(error: unknown): string {
  if (!(error instanceof Error)) return `it ended with an error that was not caught: ${String(error)}`;
  const { code } = error as { readonly code?: unknown };
  if (String(code).endsWith('_OF_MEMORY')) return 'it took more memory than it may have';
  return `it ended with an error that was not caught: ${error.message.split('\n')[0]}`;
}
