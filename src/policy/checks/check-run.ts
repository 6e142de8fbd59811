// What follows for one message from what tables say about its lines. Promises: what a sender has written, and a rule has put into an action, can be
// no malformed one; such an action is logged and does nothing.

import type { Events } from '../../log/events.ts';
import { goOn, type Edit, type MailFacts, type Verdict } from '../stage.ts';
import { actionFault } from './check-action.ts';
import { CheckLog } from './check-log.ts';
import { normalizedField } from './mime-walk.ts';
import type { ActionWord, CheckAction, CheckPlace, ContentCheckLimits } from './types.ts';

/** What becomes of the line. */
export type LineFate =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'stop' }
  /** @property text - a line, perhaps folded with LF */
  | { readonly kind: 'replace'; readonly text: string }
  | { readonly kind: 'prepend'; readonly text: string };

export interface CheckRunParts {
  readonly stage: string;
  readonly routes: ReadonlySet<string>;
  readonly events: Pick<Events, 'happened'>;
  readonly limits: Pick<ContentCheckLimits, 'loggedLines'>;
}

const changesLine: ReadonlySet<ActionWord> = new Set(['IGNORE', 'STRIP', 'REPLACE', 'PREPEND']);

const keep: LineFate = { kind: 'keep' };
const drop: LineFate = { kind: 'drop' };
const stop: LineFate = { kind: 'stop' };

export class CheckRun {
  readonly #parts: CheckRunParts;
  readonly #facts: MailFacts;
  readonly #log: CheckLog;
  /** The verdict that ends it. */
  #end: Verdict | undefined;
  #hold: string | undefined;
  #route: string | undefined;
  #redirect: string | undefined;
  readonly #copies: string[] = [];
  readonly #done = new Set<string>();
  /** Nothing more of the message is looked at. */
  isOver = false;

  constructor(parts: CheckRunParts, facts: MailFacts) {
    this.#parts = parts;
    this.#facts = facts;
    this.#log = new CheckLog(parts.stage, parts.events, facts, parts.limits.loggedLines);
  }

  /**
   * Carries out what a table says about a line.
   * @param isFixed - programs differ in what the line is, so that it is left as it is
   */
  take(action: CheckAction, place: CheckPlace, line: string, isFixed = false): LineFate {
    const { word, text } = action;
    const fault =
      actionFault(word, text, this.#parts.routes) ??
      (isFixed && changesLine.has(word) ? 'the line is malformed, and is not changed' : undefined) ??
      fieldFault(action, place);
    if (fault !== undefined) {
      this.#log.line(action, place, line, fault);
      return keep;
    }
    if (word !== 'DUNNO' && word !== 'OK' && word !== 'IGNORE') this.#log.line(action, place, line);
    this.#done.add(word.toLowerCase());
    switch (word) {
      case 'REJECT':
        return this.#ended(rejection(text));
      case 'DISCARD':
        return this.#ended({ kind: 'discard', reason: text === '' ? `${action.rule} says so` : text });
      case 'PASS':
        this.isOver = true;
        return stop;
      case 'HOLD':
        this.#hold ??= text === '' ? action.rule : text;
        return keep;
      case 'FILTER':
        this.#route = text;
        return keep;
      case 'REDIRECT':
        this.#redirect = text;
        return keep;
      case 'BCC':
        if (!this.#copies.includes(text)) this.#copies.push(text);
        return keep;
      case 'IGNORE':
      case 'STRIP':
        return drop;
      case 'REPLACE':
        return { kind: 'replace', text };
      case 'PREPEND':
        return { kind: 'prepend', text };
      case 'DUNNO':
      case 'OK':
      case 'INFO':
      case 'WARN':
        return keep;
    }
  }

  /**
   * What follows from the lines so far, and the end of what the log says about them.
   * @param edits - of the message itself
   */
  verdict(edits: readonly Edit[]): Verdict {
    this.#log.end();
    if (this.#end !== undefined) return this.#end;
    if (this.#done.size === 0) return goOn;
    const all = [...edits, ...this.#envelopeEdits()];
    const result = { actions: [...this.#done].join(' ') };
    return this.#hold === undefined
      ? { kind: 'continue', edits: all, result }
      : { kind: 'quarantine', reason: this.#hold, edits: all, result };
  }

  #ended(verdict: Verdict): LineFate {
    this.#end = verdict;
    this.isOver = true;
    return stop;
  }

  #envelopeEdits(): Edit[] {
    const edits: Edit[] = [];
    if (this.#redirect !== undefined) {
      for (const { address } of this.#facts.transaction.recipients)
        edits.push({ kind: 'remove-recipient', address });
      edits.push({ kind: 'add-recipient', recipient: { address: this.#redirect } });
    } else {
      // Nobody hears of what becomes of a copy.
      const notify = { never: true, success: false, failure: false, delay: false };
      for (const address of this.#copies)
        edits.push({ kind: 'add-recipient', recipient: { address, notify } });
    }
    if (this.#route !== undefined) edits.push({ kind: 'set-route', route: this.#route });
    return edits;
  }
}

/** What a field becomes has to be a field. */
function fieldFault({ word, text }: CheckAction, place: CheckPlace): string | undefined {
  if (place === 'body' || (word !== 'REPLACE' && word !== 'PREPEND')) return undefined;
  const isField = normalizedField(text) !== undefined && !/\n(?![ \t])|[\r\0]/u.test(text);
  return isField ? undefined : `${word} takes a header field such as "X-Checked: yes" here`;
}

/** As Postfix: a text may begin with a status of RFC 3463; one of 4.X.X is a refusal for now. */
function rejection(given: string): Verdict {
  const [, status = '5.7.1', text = ''] = /^(?:([45]\.\d{1,3}\.\d{1,3})(?:\s+|$))?(.*)$/su.exec(given) ?? [];
  const words = text === '' ? 'Message content rejected' : text;
  return status.startsWith('4')
    ? { kind: 'tempfail', reply: { code: 451, enhanced: status, text: words } }
    : { kind: 'reject', reply: { code: 550, enhanced: status, text: words } };
}
