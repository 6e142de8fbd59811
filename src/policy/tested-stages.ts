// What follows from the answer of a stage that is only tested: nothing for the mail, and a line of the log. Promises: a message that it
// would have refused is told once, as if it had been refused: it is not asked about that message, or that client, again.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { replaceUnprintableRuns } from '../values/unprintable.ts';
import type { Change, Subject } from './decision.ts';
import { type Edit, type Point, points, type StageResult, type Verdict } from './stage.ts';

/** The fields of the event `tested`. */
export interface TestedAnswer {
  readonly stage: string;
  readonly point: Point;
  readonly wouldBe: Verdict['kind'];
  readonly reply?: string | undefined;
  readonly reason?: string | undefined;
  /** What it would have changed. */
  readonly edits?: readonly string[] | undefined;
  readonly client?: string | undefined;
  readonly helo?: string | undefined;
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const mostEdits = 10;

/** Stages that would have ended a session or a transaction, by its facts. */
const ended = new WeakMap<object, Set<string>>();

const firstOfMessage = points.indexOf('mail');

/** Would there be nothing more to ask this stage about? */
export function wouldHaveEnded(stage: string, point: Point, subject: Subject): boolean {
  // XCLIENT begins a session anew.
  if (point === 'connect') ended.get(subject)?.delete(stage);
  if (ended.get(subject)?.has(stage) === true) return true;
  return isInMessage(point) && ended.get(subject.transaction)?.has(stage) === true;
}

/** What is left of an answer that would change the message: its result. */
export function onlyResult({ edits, result }: Change): Change {
  for (const edit of edits ?? [])
    if (edit.kind === 'replace-body' && 'discard' in edit.body) edit.body.discard();
  return { kind: 'continue', result: result as StageResult | undefined };
}

/** Notes what an answer would have ended. @returns what the log says of it; undefined when it would have changed nothing */
export function testedAnswer(
  stage: string,
  point: Point,
  subject: Subject,
  verdict: Verdict,
): TestedAnswer | undefined {
  noteEnd(stage, point, subject, verdict.kind);
  const edits = 'edits' in verdict ? (verdict.edits ?? []) : [];
  if ((verdict.kind === 'continue' || verdict.kind === 'accept') && edits.length === 0) return undefined;
  const { client, helo } = subject;
  const isInTransaction = isInMessage(point);
  return {
    stage,
    point,
    wouldBe: verdict.kind,
    reply: 'reply' in verdict ? replyText(verdict.reply) : undefined,
    reason: 'reason' in verdict ? replaceUnprintableRuns(verdict.reason, ' ') : undefined,
    edits: edits.length === 0 ? undefined : edits.slice(0, mostEdits).map(editText),
    client: client.address === '' ? undefined : client.address,
    helo: helo === '' ? undefined : helo,
    id: isInTransaction ? subject.transaction.queueId : undefined,
    from: isInTransaction ? subject.transaction.reversePath : undefined,
    to: point === 'rcpt' ? subject.recipient.address : undefined,
  };
}

function noteEnd(stage: string, point: Point, subject: Subject, kind: Verdict['kind']): void {
  const about = endedBy(kind, point, subject);
  if (about === undefined) return;
  const stages = ended.get(about);
  if (stages === undefined) ended.set(about, new Set([stage]));
  else stages.add(stage);
}

/** What such a verdict ends: the session, the transaction, or neither. */
function endedBy(kind: Verdict['kind'], point: Point, subject: Subject): object | undefined {
  switch (kind) {
    case 'disconnect':
    case 'drop':
      return subject;
    case 'discard':
      return subject.transaction;
    case 'reject':
    case 'tempfail':
      if (point === 'connect' || point === 'starttls') return subject;
      // The client may try another name, log-in or recipient.
      return point !== 'rcpt' && isInMessage(point) ? subject.transaction : undefined;
    case 'continue':
    case 'accept':
    case 'quarantine':
      return undefined;
  }
}

function isInMessage(point: Point): boolean {
  return points.indexOf(point) >= firstOfMessage;
}

function replyText({ code, enhanced, text }: Reply): string {
  const words = typeof text === 'string' ? text : text.join(' ');
  return [code, enhanced, replaceUnprintableRuns(words, ' ')].filter((part) => part !== undefined).join(' ');
}

function editText(edit: Edit): string {
  return 'name' in edit ? `${edit.kind} ${edit.name}` : edit.kind;
}
