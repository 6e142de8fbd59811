// What becomes of a message by the answer of rspamd. It is the same as what rspamd says as a milter, as far as the configuration does not say
// something else about spam.

import type { RspamdAnswer } from '../../protocol/rspamd/answer.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { type MarkedMail, markedVerdict } from '../marks.ts';
import type { ContentFacts, Edit, StageResult, Verdict } from '../stage.ts';
import { rspamdEdits, spamFieldEdits, subjectEdits } from './rspamd-edits.ts';

export interface RspamdRules {
  /** The name of the stage. */
  readonly name: string;
  /** Of mail that rspamd marks as spam, and lets go on. */
  readonly onSpam: MarkedMail;
  /** Of mail that rspamd refuses. */
  readonly onReject: MarkedMail;
}

/** Actions by which mail is spam. */
const spamActions: ReadonlySet<string> = new Set([
  'add header',
  'rewrite subject',
  'reject',
  'quarantine',
  'discard',
]);

/** The most of the names of rules that is kept as a result. */
const mostSymbolChars = 2000;
/** A line of a reply is bounded (RFC 5321 4.5.3.1.5). */
const mostReplyChars = 400;

export function rspamdVerdict(
  answer: RspamdAnswer,
  facts: ContentFacts,
  { name, onSpam, onReject }: RspamdRules,
): Verdict {
  const { action, smtpMessage, isNoAction } = answer;
  const result = resultOf(answer);
  const edits = rspamdEdits(answer, facts);
  const reason = `${name} says ${quoted(action)}${scoreText(answer)}`;
  const goesOn = (more: readonly Edit[] = []): Verdict => ({
    kind: 'continue',
    edits: [...edits, ...more],
    result,
  });
  if (isNoAction) {
    return goesOn([{ kind: 'add-field', name: 'X-Rspamd-Action', value: printable(action) }]);
  }
  const told = replyText(smtpMessage) ?? 'This message was taken for spam';
  const spam = (rule: MarkedMail, more: readonly Edit[]): Verdict =>
    markedVerdict(rule, { reason, told, result, edits: [...edits, ...more] });
  switch (action) {
    case 'soft reject':
      return { kind: 'tempfail', reply: deferral(replyText(smtpMessage)) };
    case 'add header':
      return spam(onSpam, spamFieldEdits(answer, facts));
    case 'rewrite subject':
      return spam(onSpam, subjectEdits(answer));
    case 'discard':
      return { kind: 'discard', reason };
    case 'quarantine':
      return { kind: 'quarantine', reason, edits, result };
    case 'reject':
      return spam(refusalAs(answer, onReject), []);
    // Greylisting itself is done by rspamd, as a soft reject; this one only says that the score is high enough for it.
    default:
      return goesOn();
  }
}

/** rspamd may want to have a message dropped or held in place of a refusal. What the configuration says is stronger. */
function refusalAs({ rejectAs }: RspamdAnswer, onReject: MarkedMail): MarkedMail {
  if (onReject.action !== 'reject') return onReject;
  return rejectAs === 'discard' || rejectAs === 'quarantine' ? { ...onReject, action: rejectAs } : onReject;
}

function resultOf({ action, score, required, symbols }: RspamdAnswer): StageResult {
  return {
    verdict: spamActions.has(action) ? 'spam' : 'clean',
    action,
    ...(score !== undefined && { score: String(score) }),
    ...(required !== undefined && { required: String(required) }),
    symbols: symbols.join(' ').slice(0, mostSymbolChars),
  };
}

function scoreText({ score, required }: RspamdAnswer): string {
  if (score === undefined || required === undefined) return '';
  return ` (score ${score.toFixed(2)} of ${required.toFixed(2)})`;
}

function deferral(text = 'Try again later'): Reply {
  return { code: 451, enhanced: '4.7.1', text };
}

/** One line of printable characters; undefined when there is nothing. */
function replyText(message: string | undefined): string | undefined {
  const text = printable(message ?? '').trim();
  return text === '' ? undefined : text.slice(0, mostReplyChars);
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/gu, ' ');
}

function quoted(action: string): string {
  return JSON.stringify(printable(action));
}
