// What the answers of several DNS lists say together, and what becomes of mail by it. Pure.

import { isCounted, type ListAnswerPattern } from '../../values/list-answer.ts';
import type { ListSubject } from '../../values/list-subject.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { StageResult } from '../stage.ts';
import type { ListAnswer } from './dns-list.ts';

/** A list as a stage asks it. */
export interface ListRule {
  readonly zone: string;
  readonly shownAs: string;
  readonly about: ListSubject;
  /** Answers that count; undefined: all that say that something is listed. */
  readonly answers: readonly ListAnswerPattern[] | undefined;
  /** Negative for lists of those who are trusted. */
  readonly weight: number;
  /** In place of what the list says; undefined: what the list says. */
  readonly text: string | undefined;
}

/** What a rule has come to about one address or domain. */
export interface ListFinding {
  readonly rule: ListRule;
  readonly about: string;
  readonly answer: ListAnswer;
}

/** The scores from which on something happens; undefined: never. */
export interface ListThresholds {
  readonly markAt: number | undefined;
  readonly quarantineAt: number | undefined;
  readonly tempfailAt: number | undefined;
  readonly rejectAt: number | undefined;
}

export type ListAction = 'none' | 'mark' | 'quarantine' | 'tempfail' | 'reject';

export interface ListScore {
  readonly score: number;
  /** Whose answer counts, the heaviest first. A rule counts once, however many domains are on its list. */
  readonly hits: readonly ListFinding[];
  /** Lists without a say, by the names that people see. */
  readonly failed: readonly string[];
}

export function scoreOf(findings: readonly ListFinding[]): ListScore {
  const hits = new Map<ListRule, ListFinding>();
  const failed = new Set<string>();
  for (const finding of findings) {
    const { rule, answer } = finding;
    if (answer.kind === 'failed') failed.add(rule.shownAs);
    if (answer.kind !== 'listed' || hits.has(rule)) continue;
    if (answer.answers.some((each) => isCounted(each, rule.answers))) hits.set(rule, finding);
  }
  const all = [...hits.values()].toSorted((a, b) => b.rule.weight - a.rule.weight);
  return { score: all.reduce((sum, { rule }) => sum + rule.weight, 0), hits: all, failed: [...failed] };
}

/** The most severe action whose threshold is reached. */
export function actionOf(score: number, thresholds: ListThresholds): ListAction {
  const { rejectAt, tempfailAt, quarantineAt, markAt } = thresholds;
  if (rejectAt !== undefined && score >= rejectAt) return 'reject';
  if (tempfailAt !== undefined && score >= tempfailAt) return 'tempfail';
  if (quarantineAt !== undefined && score >= quarantineAt) return 'quarantine';
  return markAt !== undefined && score >= markAt ? 'mark' : 'none';
}

/** For stages behind, `SessionFacts.resultOf`. */
export function resultOf({ score, hits, failed }: ListScore): StageResult {
  const names = (given: readonly ListFinding[]): string =>
    [...new Set(given.map(({ rule }) => rule.shownAs))].join(' ');
  const listing = hits.filter(({ rule }) => rule.weight > 0);
  const allowing = hits.filter(({ rule }) => rule.weight < 0);
  return {
    score: String(score),
    listed: listing.length > 0 ? 'yes' : 'no',
    lists: names(listing),
    allowed: allowing.length > 0 ? 'yes' : 'no',
    allowing: names(allowing),
    failed: failed.join(' '),
  };
}

/** For the log, a mark and quarantine: `score 3: 192.0.2.9 on zen.example (127.0.0.4)`. */
export function scoreText({ score, hits }: ListScore): string {
  const told = hits.map(({ rule, about, answer }) => {
    const answers = answer.kind === 'listed' ? answer.answers.slice(0, 5).join(' ') : '';
    return `${about} on ${rule.shownAs} (${answers}; ${rule.weight})`;
  });
  return `score ${score}: ${told.join(', ')}`;
}

/** RFC 3463 3.8: X.7.1, delivery not authorized. @param text - what the list says of the entry; may be empty */
export function replyOf(action: 'reject' | 'tempfail', { hits }: ListScore, text: string): Reply {
  const [first] = hits;
  const what = first === undefined ? 'You are' : `${first.about} is`;
  const words = `${what} listed by ${first?.rule.shownAs ?? 'a list'}${text === '' ? '' : `: ${text}`}`;
  return action === 'reject'
    ? { code: 550, enhanced: '5.7.1', text: words }
    : { code: 450, enhanced: '4.7.1', text: words };
}
