// A table that follows its file: a new version of the file takes the place of the old one between two look-ups. When the new
// version cannot be read, the old one stays in force, and a trouble and a line of the log say so.
// Promises: a file that is being written is not taken before it has rested; look-ups wait for the first version only, and not
// for long.

import type { Contents, TableKind } from './contents.ts';
import { type FileVersion, type FoundFile, findFile, openFound } from './table-file.ts';
import { type Answer, allFailing, firstOf, type Table } from './table.ts';
import type { RulesAnswer, RuleTable } from './rules/rule-table.ts';
import { brokenTable, problemOf } from './table-error.ts';
import type { TableReports } from './table-reports.ts';

/** A file that was written less than this ago is looked at again before it is taken. */
const restMs = 2_000;
/** A file whose last line has no end may be cut: it has to rest for longer. */
const cutRestMs = 10_000;
/** A file that the system could not read is tried again after this time, even if it did not change. */
const retryMs = 30_000;
/** Look-ups before the first version wait for so many seconds at most. */
const mostWaitedSeconds = 5;
/** A check that takes longer is a trouble: reading ten million lines takes less. */
const mostCheckSeconds = 120;

/** The version in force, and how many look-ups are under way in it. */
interface InForce {
  readonly contents: Contents;
  /** Made once, so that asking for it costs nothing. */
  readonly rules: RulesAnswer | undefined;
  readonly version: FileVersion;
  lookups: number;
  isReplaced: boolean;
}

export class LiveTable implements Table, RuleTable {
  readonly name: string;
  readonly #path: string;
  readonly #kind: TableKind;
  readonly #reports: TableReports;
  #inForce: InForce | undefined;
  /** The version that the last check found. */
  #seen: FileVersion | undefined;
  /** The state in which the file could not be read, and the date from which it is tried again. */
  #refused: { readonly state: string; readonly untilMs: number } | undefined;
  /** Why there is no version in force. */
  #reason = 'it is not read yet';
  /** Why the last look-up failed, although there is a version in force; empty: it did not. */
  #failure = '';
  /** How long look-ups have waited for the first version. */
  #waitedSeconds = 0;
  /** How long the check that is under way has taken. */
  #checkSeconds = 0;
  #isChecking = false;
  readonly #first = Promise.withResolvers<void>();
  #isFirstOver = false;
  #isClosed = false;

  constructor(name: string, path: string, kind: TableKind, reports: TableReports) {
    this.name = name;
    this.#path = path;
    this.#kind = kind;
    this.#reports = reports;
  }

  lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]> {
    const inForce = this.#inForce;
    if (inForce === undefined) return this.#lookupWithout(keys);
    const answers = inForce.contents.lookup(keys);
    if (answers instanceof Promise) return this.#counted(inForce, answers);
    this.#watch(answers);
    return answers;
  }

  lookupFirst(keys: readonly string[]): Answer | Promise<Answer> {
    const inForce = this.#inForce;
    const answer = inForce?.contents.lookupFirst?.(keys);
    if (inForce === undefined || answer === undefined) {
      const answers = this.lookup(keys);
      return answers instanceof Promise ? answers.then(firstOf) : firstOf(answers);
    }
    if (answer instanceof Promise)
      return this.#counted(
        inForce,
        answer.then((each) => [each]),
      ).then(firstOf);
    if (answer.kind === 'failing') this.#watch([answer]);
    else this.#failure = '';
    return answer;
  }

  lookupAtOnce(keys: readonly string[]): readonly Answer[] | undefined {
    const contents = this.#inForce?.contents;
    if (contents === undefined) return undefined;
    if (contents.lookupAtOnce !== undefined) return contents.lookupAtOnce(keys);
    const first = this.lookupFirst(keys);
    return first instanceof Promise ? undefined : [first];
  }

  rules(): RulesAnswer | Promise<RulesAnswer> {
    return this.#inForce?.rules ?? this.#rulesWithout();
  }

  /** Is called every second: nobody waits for a file without end, and a file system that hangs is noticed. */
  second(): void {
    if (!this.#isFirstOver && ++this.#waitedSeconds >= mostWaitedSeconds) this.#firstIsOver();
    if (this.#isChecking && ++this.#checkSeconds === mostCheckSeconds)
      this.#failed(`its file has been read for ${mostCheckSeconds} seconds`);
  }

  /**
   * Looks at the file, and reads it when it is new. It is called again and again, never while it runs.
   * @param nowMs - Unix ms
   */
  async check(nowMs: number): Promise<void> {
    this.#isChecking = true;
    this.#checkSeconds = 0;
    await this.#check(nowMs);
    this.#isChecking = false;
  }

  async #check(nowMs: number): Promise<void> {
    let found: FoundFile | undefined;
    try {
      found = await findFile(this.#path, this.#kind);
      await this.#follow(found, nowMs);
    } catch (error) {
      const problem = problemOf(error);
      if (found !== undefined) {
        const untilMs = problem.isOfContent ? Infinity : nowMs + retryMs;
        this.#refused = { state: found.state, untilMs };
      }
      this.#failed(problem.text);
    }
  }

  /** Ends the table; look-ups fail from now on. Those under way are answered. */
  close(): void {
    this.#isClosed = true;
    this.#reason = 'it is not in the configuration any more';
    this.#reports.close();
    this.#replace(undefined);
    this.#firstIsOver();
  }

  async #follow(found: FoundFile, nowMs: number): Promise<void> {
    const { version } = found;
    if (version === this.#inForce?.version) {
      this.#refused = undefined;
      if (this.#failure === '') this.#reports.clear();
      return;
    }
    const hasRested = version === this.#seen || restedMs(found, nowMs) >= restMs;
    this.#seen = version;
    if (!hasRested) {
      this.#reason = 'its file is being written';
      return;
    }
    if (this.#refused?.state === found.state && nowMs < this.#refused.untilMs) return;
    // Programs empty a file before they write it, and find the disk full: this is never what was wanted.
    if (found.sizeBytes === 0 && this.#inForce !== undefined)
      throw brokenTable('the file is empty now, and was not before');
    const contents = await openFound(found, this.#kind);
    if (contents === undefined) return; // it changed meanwhile
    if (this.#isClosed || (contents.endsEarly && restedMs(found, nowMs) < cutRestMs)) {
      await contents.close();
      return;
    }
    this.#refused = undefined;
    this.#failure = '';
    const rules =
      contents.rules === undefined ? undefined : ({ kind: 'rules', rules: contents.rules } as const);
    this.#replace({ contents, rules, version, lookups: 0, isReplaced: false });
    this.#reports.read(contents);
    this.#firstIsOver();
  }

  #failed(text: string): void {
    if (this.#isClosed) return;
    this.#reason = text;
    this.#reports.failed(text, this.#inForce?.contents.isWhole === true);
    this.#firstIsOver();
  }

  #replace(next: InForce | undefined): void {
    const before = this.#inForce;
    this.#inForce = next;
    if (before === undefined) return;
    before.isReplaced = true;
    if (before.lookups === 0) closeQuietly(before.contents);
  }

  async #lookupWithout(keys: readonly string[]): Promise<readonly Answer[]> {
    if (!this.#isFirstOver) {
      await this.#first.promise;
      if (this.#inForce !== undefined) return this.lookup(keys);
    }
    return allFailing(keys, this.#unusable);
  }

  async #rulesWithout(): Promise<RulesAnswer> {
    if (!this.#isFirstOver) await this.#first.promise;
    if (this.#inForce === undefined) return { kind: 'failing', reason: this.#unusable };
    return (
      this.#inForce.rules ?? {
        kind: 'failing',
        reason: `the table "${this.name}" holds no rules for clients`,
      }
    );
  }

  get #unusable(): string {
    return `the table "${this.name}" cannot be used: ${this.#reason}`;
  }

  async #counted(inForce: InForce, answers: Promise<readonly Answer[]>): Promise<readonly Answer[]> {
    inForce.lookups++;
    try {
      const known = await answers;
      this.#watch(known);
      return known;
    } finally {
      inForce.lookups--;
      if (inForce.isReplaced && inForce.lookups === 0) closeQuietly(inForce.contents);
    }
  }

  /** A table that was read may still be unable to answer: its disk fails, or its database is locked. */
  #watch(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (answer.kind !== 'failing' || answer.isOfEntry === true) continue;
      this.#failure = answer.reason;
      this.#reports.cannotAnswer(answer.reason);
      return;
    }
    this.#failure = '';
  }

  #firstIsOver(): void {
    this.#isFirstOver = true;
    this.#first.resolve();
  }
}

/** Nothing is lost with contents that are replaced, whatever the system says. */
function closeQuietly(contents: Contents): void {
  contents.close().catch(() => undefined);
}

/** For how long nobody has written to the file; 0 when its times are in the future. */
function restedMs({ changedMs }: FoundFile, nowMs: number): number {
  return Math.max(0, nowMs - changedMs);
}
