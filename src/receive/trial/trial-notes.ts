// What is noted while a trial runs: what the client says, which stages are asked, and what the log would have.

import { errorText } from '../../policy/error-text.ts';
import type { StageObserver } from '../../policy/observed-stages.ts';
import type { Edit, Point, Verdict } from '../../policy/stage.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { EventListener } from '../../log/events.ts';
import type { StageRun, TrialStep } from './trial-types.ts';

interface OpenRun {
  readonly stage: string;
  readonly point: Point;
  readonly startedAtMs: number;
  ms: number;
  verdict: string;
  answer: Verdict | undefined;
  isTest: boolean;
  failure: string | undefined;
}

interface OpenStep {
  readonly command: string;
  readonly runs: OpenRun[];
  reply: readonly string[];
}

/** What was not accepted, as the log would say it. */
export interface NotedRefusal {
  readonly command: string;
  readonly stage: string;
  readonly to: string;
  readonly reply: string;
}

export class TrialNotes implements StageObserver, EventListener {
  readonly needsFields = true;
  readonly refusals: NotedRefusal[] = [];
  discarded: { readonly stage: string; readonly reason: string } | undefined;
  readonly #nowMs: () => number;
  readonly #steps: OpenStep[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(command: string): void {
    this.#steps.push({ command, runs: [], reply: [] });
  }

  replied(reply: readonly string[]): void {
    const step = this.#steps.at(-1);
    if (step !== undefined) step.reply = reply;
  }

  asked(stage: string, point: Point): void {
    const startedAtMs = this.#nowMs();
    const run = {
      stage,
      point,
      startedAtMs,
      ms: 0,
      verdict: '',
      answer: undefined,
      isTest: false,
      failure: undefined,
    };
    this.#steps.at(-1)?.runs.push(run);
  }

  answered(stage: string, answer: Verdict, isTest: boolean): void {
    const run = this.#runOf(stage);
    // An answer after the time limit counts for nothing.
    if (run === undefined || run.failure !== undefined) return;
    run.ms = this.#nowMs() - run.startedAtMs;
    run.answer = answer;
    run.isTest = isTest;
  }

  failed(stage: string, point: Point, why: string, instead: string): void {
    let run = this.#runOf(stage);
    if (run?.point !== point || run.failure !== undefined) {
      this.asked(stage, point);
      run = this.#runOf(stage);
    }
    if (run === undefined) return;
    if (run.answer === undefined) run.ms = this.#nowMs() - run.startedAtMs;
    run.answer = undefined;
    run.failure = why;
    run.verdict = instead;
  }

  happened(...[name, fields]: Parameters<EventListener['happened']>): void {
    if (name === 'rejected') {
      const { command, stage = '', to, reply } = fields;
      this.refusals.push({ command, stage, to, reply });
    } else if (name === 'discarded') {
      const { stage = '', reason = '' } = fields;
      this.discarded = { stage, reason };
    }
  }

  counted(): void {
    // Nothing of it is shown.
  }

  get steps(): readonly TrialStep[] {
    return this.#steps.map(({ command, reply, runs }) => ({ command, reply, stages: runs.map(shownRun) }));
  }

  /** The stage that was asked last under this name. */
  #runOf(stage: string): OpenRun | undefined {
    return this.#steps.at(-1)?.runs.findLast((run) => run.stage === stage);
  }
}

function shownRun({ stage, point, ms, verdict, answer, isTest, failure }: OpenRun): StageRun {
  const run = { stage, point, ms, verdict, edits: [], failure };
  if (answer === undefined) return run;
  try {
    const shown = shownVerdict(answer);
    return { ...run, ...shown, verdict: isTest ? `${shown.verdict}, only tested` : shown.verdict };
  } catch (error) {
    return { ...run, failure: `its answer cannot be read: ${errorText(error)}` };
  }
}

function shownVerdict(answer: Verdict): Pick<StageRun, 'verdict' | 'text' | 'edits' | 'result'> {
  switch (answer.kind) {
    case 'continue':
    case 'accept':
      return { verdict: answer.kind, edits: (answer.edits ?? []).map(editText), result: answer.result };
    case 'quarantine':
      return {
        verdict: answer.kind,
        text: answer.reason,
        edits: (answer.edits ?? []).map(editText),
        result: answer.result,
      };
    case 'discard':
      return { verdict: answer.kind, text: answer.reason, edits: [] };
    case 'drop':
      return { verdict: answer.kind, edits: [] };
    case 'reject':
    case 'tempfail':
    case 'disconnect':
      return { verdict: answer.kind, text: replyText(answer.reply), edits: [] };
  }
}

function replyText({ code, enhanced, text }: Reply): string {
  const words = typeof text === 'string' ? text : text.join(' / ');
  return [code, enhanced, words].filter((part) => part !== undefined).join(' ');
}

function editText(edit: Edit): string {
  switch (edit.kind) {
    case 'set-client-rule':
      return `client rule: ${edit.rule.who === '' ? '(none)' : edit.rule.who}`;
    case 'set-tenant':
      return `tenant: ${edit.name}`;
    case 'change-sender':
      return `sender: <${edit.address}>`;
    case 'change-recipient':
      return `recipient: <${edit.address}>`;
    case 'add-recipient':
      return `add recipient: <${edit.recipient.address}>${edit.recipient.isCopy === true ? ' (a copy for an archive)' : ''}`;
    case 'remove-recipient':
      return `remove recipient: <${edit.address}>`;
    case 'insert-field':
      return `insert field at ${edit.at}: ${edit.name}: ${edit.value}`;
    case 'add-field':
      return `add field: ${edit.name}: ${edit.value}`;
    case 'change-field':
      return `change field: ${edit.name}: ${edit.value}`;
    case 'remove-field':
      return `remove field: ${edit.name}`;
    case 'set-route':
      return edit.recipient === undefined
        ? `route ${edit.route}`
        : `route ${edit.route} for <${edit.recipient}>`;
    case 'replace-field':
      return `field: ${Buffer.from(edit.bytes).toString('utf8').trimEnd()}`;
    case 'reply-line':
      return `line of the reply: ${edit.text}`;
    case 'replace-body':
      return `replace the body: ${'sizeBytes' in edit.body ? edit.body.sizeBytes : edit.body.length} bytes`;
  }
}
