// One plugin of a process: asks it, starts its thread again when that ends, and replaces it when its files change. Promises: whatever a plugin
// does, each question has an answer or an error within the time limit, and nothing waits without bounds.

import type { Timer, Timers } from '../../io/timers.ts';
import { pluginPoints } from '../points.ts';
import type { PluginPoint } from '../types.ts';
import type { LoadedFile } from '../wire.ts';
import { EndingThreads } from './ending-threads.ts';
import { FileWatch } from './file-watch.ts';
import type { PluginLookups } from './lookups.ts';
import type { PluginReports } from './plugin-reports.ts';
import type { PluginSettings } from './plugin-settings.ts';
import { PluginThread, type ThreadEvents } from './plugin-thread.ts';
import { type NoAnswer, PendingQuestion, type QuestionParts } from './question.ts';
import { Restarts } from '../../io/restarts.ts';
import { makeStageFolder } from './stage-folder.ts';

/** What came of a question. `wasAsked`: whether the plugin may have seen it. */
export type PluginOutcome =
  | { readonly value: unknown }
  | { readonly fault: string; readonly wasAsked: boolean };

export interface PluginHostParts {
  readonly timers: Timers;
  readonly lookups: PluginLookups;
  readonly reports: PluginReports;
  /** Variables of the thread's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long its setup may take; 30 seconds when not given. */
  readonly setupMs?: number | undefined;
}

const usualSetupMs = 30_000;
/** Threads that end have so long, at the end of the process. */
const closesWithinMs = 5_000;

export class PluginHost {
  #settings: PluginSettings;
  readonly #parts: PluginHostParts;
  readonly #watch: FileWatch;
  readonly #restarts: Restarts;
  /** Answers questions. */
  #current: PluginThread | undefined;
  /** Is being set up. */
  #next: PluginThread | undefined;
  #setupTimer: Timer | undefined;
  #points: ReadonlySet<PluginPoint> | undefined;
  #line: PendingQuestion[] = [];
  #tick: Timer | undefined;
  /** Why there is no thread. */
  #why = '';
  readonly #ending: EndingThreads;
  #retired = new Set<PluginThread>();
  #known: { resolve(points: ReadonlySet<PluginPoint>): void; reject(error: Error): void }[] = [];
  #isClosed = false;

  constructor(settings: PluginSettings, parts: PluginHostParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#watch = new FileWatch(parts.timers, () => this.#start());
    this.#ending = new EndingThreads(parts.timers.nowMs);
    this.#restarts = new Restarts(parts.timers, () => this.#start());
    this.#start();
  }

  /** The points that it has, as far as it is known; undefined before it could be set up for the first time. */
  get points(): ReadonlySet<PluginPoint> | undefined {
    return this.#points;
  }

  /** Whether it begins: it is being set up, and did not fail to be. */
  get isBeginning(): boolean {
    return this.#points === undefined && this.#next !== undefined && !this.#restarts.hasFailedSetup;
  }

  /**
   * Sets what the configuration says now. With another file or other options it is another plugin, which begins as if there had been none: the one
   * before answers what it has begun, and decides nothing else, also when the new one cannot be used.
   */
  configure(settings: PluginSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    const differs = (key: keyof PluginSettings): boolean =>
      JSON.stringify(before[key]) !== JSON.stringify(settings[key]);
    if (differs('file') || differs('options') || differs('unasked')) {
      this.#forget();
      this.#start();
    } else if (differs('folder') || differs('memoryBytes')) this.#start();
  }

  /**
   * Asks the plugin.
   * @param facts - plain data, which is copied at once
   * @returns what the plugin answered: a copy, which nobody has checked. It rejects with a `NoAnswer`
   */
  ask(point: PluginPoint, facts: unknown, parts: QuestionParts = {}): Promise<unknown> {
    const { timeLimitMs, mostQuestions, mostWaiting } = this.#settings;
    return new Promise((resolve, reject) => {
      const untilMs = this.#parts.timers.nowMs() + timeLimitMs;
      const question = new PendingQuestion(point, JSON.stringify(facts), parts, untilMs, resolve, reject);
      const current = this.#current;
      if (current !== undefined && current.load < mostQuestions && this.#line.length === 0)
        current.send(question);
      else if (current === undefined && this.#next === undefined) question.refuse(this.#why);
      else if (this.#line.length < mostWaiting) this.#line.push(question);
      else question.refuse(`more than ${mostWaiting} questions wait for it`);
      this.#tick ??= this.#parts.timers
        .setInterval(() => this.#look(), Math.min(1_000, timeLimitMs / 4))
        .unref();
    });
  }

  /**
   * Asks several questions at one point. It never rejects.
   * @returns in their order
   */
  async askAll(point: PluginPoint, batch: readonly unknown[]): Promise<readonly PluginOutcome[]> {
    const answers = batch.map(async (facts) => {
      try {
        return { value: await this.ask(point, facts) };
      } catch (error) {
        const { message, wasAsked } = error as NoAnswer;
        return { fault: message, wasAsked };
      }
    });
    return Promise.all(answers);
  }

  /** Resolves when it is known which points it has, and rejects with a clause when it cannot be used. */
  whenKnown(): Promise<ReadonlySet<PluginPoint>> {
    if (this.#points !== undefined) return Promise.resolve(this.#points);
    if (this.#next === undefined) return Promise.reject(new Error(this.#why));
    return new Promise((resolve, reject) => this.#known.push({ resolve, reject }));
  }
  /** Ends it: it has some seconds for what it has begun. Resolves when its threads have ended, or could not be. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // A session that began before does without it.
    this.#points = new Set();
    this.#why = 'Sluice does not use it any more';
    this.#watch.stop();
    this.#restarts.stop();
    this.#parts.timers.clear(this.#tick);
    this.#parts.timers.clear(this.#setupTimer);
    this.#parts.reports.closed();
    const threads = [this.#current, this.#next, ...this.#retired].filter((thread) => thread !== undefined);
    this.#next?.kill(undefined);
    this.#next = undefined;
    this.#failLine();
    this.#current?.retire();
    this.#current = undefined;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.setTimeout(resolve, closesWithinMs);
    await Promise.race([late, Promise.all(threads.map((thread) => thread.whenExited))]);
    this.#parts.timers.clear(timer);
    for (const thread of threads) thread.kill(undefined);
  }

  #start(): void {
    if (this.#isClosed) return;
    this.#restarts.stop();
    this.#next?.kill(undefined);
    this.#parts.timers.clear(this.#setupTimer);
    if (this.#ending.areTooMany) {
      this.#cannotStart('its threads hang and cannot be ended: restart Sluice');
      return;
    }
    const { name, file, options, folder, memoryBytes } = this.#settings;
    const { timers, lookups, reports, environment, setupMs = usualSetupMs } = this.#parts;
    const log = (text: string): void => reports.said(text);
    const events: ThreadEvents = {
      onReady: (points, files) => this.#ready(thread, points, files),
      onGone: (reason, files) => this.#gone(thread, reason, files),
      onFault: (text) => reports.faulty(text),
      onAnswer: () => this.#sendWaiting(),
    };
    let thread: PluginThread;
    try {
      makeStageFolder(folder);
      thread = new PluginThread(
        { name, file, options, folder },
        { ...events, timers, lookups, memoryBytes, environment, log },
      );
    } catch (error) {
      this.#cannotStart(
        `no thread can be started: ${error instanceof Error ? error.message : String(error)}`,
      );
      return;
    }
    this.#next = thread;
    const limitMs = setupMs;
    this.#setupTimer = timers
      .setTimeout(() => thread.kill(`its setup did not end within ${Math.round(limitMs / 1000)} s`), limitMs)
      .unref();
  }

  /** What comes from now on waits for the thread that is started next. */
  #forget(): void {
    const before = this.#current;
    this.#current = undefined;
    this.#points = undefined;
    this.#restarts.forget();
    if (before === undefined) return;
    this.#retired.add(before);
    before.retire();
  }

  #ready(thread: PluginThread, points: readonly string[], files: readonly LoadedFile[]): void {
    if (thread !== this.#next) return;
    const unasked = this.#settings.unasked?.filter((point) => points.includes(point)) ?? [];
    if (unasked.length > 0) {
      thread.kill(`nobody asks its functions for incoming mail (${unasked.join(', ')}): set incoming = true`);
      return;
    }
    this.#parts.timers.clear(this.#setupTimer);
    const before = this.#current;
    this.#current = thread;
    this.#next = undefined;
    this.#points = new Set(pluginPoints.filter((point) => points.includes(point)));
    this.#watch.follow(files);
    this.#restarts.ready();
    this.#parts.reports.ready(before !== undefined, points);
    if (before !== undefined) {
      this.#retired.add(before);
      before.retire();
    }
    for (const { resolve } of this.#known.splice(0)) resolve(this.#points);
    this.#sendWaiting();
  }

  #gone(thread: PluginThread, reason: string | undefined, files: readonly LoadedFile[]): void {
    this.#ending.add(thread);
    this.#retired.delete(thread);
    if (reason === undefined) return;
    if (thread === this.#next) {
      this.#parts.timers.clear(this.#setupTimer);
      this.#next = undefined;
      this.#watch.follow(files.length === 0 ? [[this.#settings.file, undefined, undefined]] : files);
      this.#cannotStart(reason);
    } else if (thread === this.#current) {
      this.#current = undefined;
      this.#why = reason;
      // A new version that is being set up takes over.
      const waitMs = this.#next === undefined ? this.#restarts.ended() : 0;
      this.#parts.reports.ended(reason, waitMs);
      if (waitMs > 0) this.#failLine();
      else if (this.#next === undefined) this.#start();
    } else this.#parts.reports.faulty(reason);
  }

  /** The one that was to take over cannot. */
  #cannotStart(reason: string): void {
    const waitMs = this.#restarts.unusable();
    this.#parts.reports.unusable(reason, this.#current !== undefined, waitMs);
    if (this.#current !== undefined) return;
    this.#why = reason;
    this.#failLine();
    for (const { reject } of this.#known.splice(0)) reject(new Error(reason));
  }

  #failLine(): void {
    for (const question of this.#line.splice(0)) question.refuse(this.#why);
  }

  #sendWaiting(): void {
    const current = this.#current;
    while (current !== undefined && this.#line.length > 0 && current.load < this.#settings.mostQuestions) {
      const question = this.#line.shift();
      if (question !== undefined) current.send(question);
    }
  }

  /** Looks for questions whose time is over, and for a thread that hangs. */
  #look(): void {
    const { timers } = this.#parts;
    const { timeLimitMs } = this.#settings;
    const nowMs = timers.nowMs();
    const late = this.#line.filter((question) => question.untilMs <= nowMs);
    if (late.length > 0) this.#line = this.#line.filter((question) => question.untilMs > nowMs);
    const threads = [this.#current, ...this.#retired].filter((thread) => thread !== undefined);
    for (const thread of threads) {
      if (thread.hangs(nowMs, timeLimitMs))
        thread.kill(`it did nothing else for ${seconds(timeLimitMs)}: its code runs without a pause`);
      else late.push(...thread.takeLate(nowMs));
    }
    for (const question of late) question.fail(`it did not answer within ${seconds(timeLimitMs)}`);
    this.#sendWaiting();
    if (this.#line.length > 0 || threads.some((thread) => thread.load > 0 || thread.isPinged)) return;
    timers.clear(this.#tick);
    this.#tick = undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
