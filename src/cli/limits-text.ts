// Groups limits with their counters for `sluice limits`, chooses those to show, and makes the text for people.

import { formatDomainPattern } from '../values/domain.ts';
import type { LimitsAnswer } from '../control/operations/limits.ts';
import { textPattern } from '../control/text-pattern.ts';
import type { CounterStatus } from '../schedule/limits/status.ts';
import type { LimitRule } from '../schedule/limits/types.ts';
import { allowedText, counterText, freeText, quantitiesText, ruleOrigin, scopeText } from './limit-text.ts';
import { overridesTable } from './override-options.ts';
import { table } from './text-table.ts';

export interface LimitsView {
  readonly all: boolean;
  /** Show only limits of these recipient domains; empty: of all. */
  readonly domains: readonly string[];
}

/** A limit with its counters; without a rule: one of the scheduler's own (`global`, `window`, `unanswered`). */
export interface LimitRow {
  readonly id: string;
  readonly rule?: LimitRule | undefined;
  readonly counters: readonly CounterStatus[];
  /** All keys in use and all routes that wait, even where `counters` has only a part of them. */
  readonly keys: number;
  readonly parked: number;
}

/** Keys shown of one limit without `--all`. */
const shownKeys = 5;

/** The limits that a view shows: the file's and the built-in ones in their order, then the scheduler's own. */
export function limitsOf({ limits }: LimitsAnswer, { domains }: LimitsView): LimitRow[] {
  const patterns = domains.map(textPattern);
  const wanted = (rule: LimitRule | undefined, counter: CounterStatus) =>
    patterns.length === 0 || isOfDomains(rule, counter.key, patterns);
  const rules = new Map(limits.rules.map((rule) => [rule.id, rule]));
  const counters = Map.groupBy(
    limits.counters.filter((each) => wanted(rules.get(each.rule), each)),
    (each) => each.rule,
  );
  const rows = limits.rules
    .filter((rule) => patterns.length === 0 || counters.has(rule.id) || namesDomains(rule, patterns))
    .map((rule) => rowOf(rule.id, rule, counters.get(rule.id) ?? []));
  if (patterns.length > 0) return rows;
  const own = limits.inUse.filter(({ rule }) => !rules.has(rule));
  const all = [...rows, ...own.map(({ rule }) => rowOf(rule, undefined, counters.get(rule) ?? []))];
  const inUse = new Map(limits.inUse.map(({ rule, keys, parked }) => [rule, { keys, parked }]));
  return all.map((row) => Object.assign(row, inUse.get(row.id)));
}

function rowOf(id: string, rule: LimitRule | undefined, counters: readonly CounterStatus[]): LimitRow {
  const keys = new Set(counters.map(({ key }) => key)).size;
  return { id, rule, counters, keys, parked: counters.reduce((sum, { parked }) => sum + parked, 0) };
}

type Matches = (text: string) => boolean;

/** A key has its parts in the order of `per`, in which a domain always comes first. */
function isOfDomains(rule: LimitRule | undefined, key: string, patterns: readonly Matches[]): boolean {
  if (rule === undefined) return false;
  if (!rule.per.includes('domain')) return namesDomains(rule, patterns);
  const [domain = ''] = key.split(' ');
  return patterns.some((matches) => matches(domain));
}

function namesDomains({ match }: LimitRule, patterns: readonly Matches[]): boolean {
  return (match.domain ?? []).some((each) => patterns.some((matches) => matches(formatDomainPattern(each))));
}

export function limitsText(
  { limits, overrides }: LimitsAnswer,
  rows: readonly LimitRow[],
  { all, domains }: LimitsView,
  nowMs: number,
): string {
  const shown = rows.filter((row) => all || row.keys > 0 || row.rule?.isOverride === true);
  const idle = rows.length - shown.length;
  const parts = [
    overrides.length === 0 ? '' : `${overridesTable(overrides, nowMs)}\n`,
    shown.length === 0
      ? domains.length === 0
        ? 'No limit is in use.\n'
        : 'No limit of these domains is in use.\n'
      : shown.map((row) => rowText(row, all, nowMs)).join('\n'),
    idle === 0 ? '' : `\n${idle} more limit${idle === 1 ? ' is' : 's are'} not in use: --all shows them.\n`,
    `\n${limits.total} key${limits.total === 1 ? '' : 's'} in use in all.\n`,
  ];
  return parts.join('');
}

/** One limit: a line for itself, then one for each key that is shown. */
function rowText({ id, rule, counters, keys, parked }: LimitRow, all: boolean, nowMs: number): string {
  const title =
    rule === undefined
      ? counterText(counters[0] ?? noCounter(id), undefined)
      : `${scopeText(rule)}: ${quantitiesText(rule)} (${ruleOrigin(rule, nowMs)})`;
  const counts =
    keys === 0
      ? 'not in use'
      : `${keys} in use, ${parked === 0 ? 'nothing waits' : `${parked} route${parked === 1 ? ' waits' : 's wait'}`}`;
  const shown = all ? counters : counters.slice(0, shownKeys);
  const lines = shown.map((each) => [
    `  ${each.key === '' ? '(all)' : each.key}`,
    each.quantity,
    `${each.used}/${allowedText(each)}`,
    each.parked === 0 ? '' : `${each.parked} wait${each.parked === 1 ? 's' : ''}`,
    freeText(each, nowMs),
  ]);
  const hidden = Math.max(counters.length - shown.length, keys - new Set(shown.map(({ key }) => key)).size);
  const more = hidden > 0 ? `  ... and ${hidden} more\n` : '';
  return `${title}; ${counts}\n${lines.length === 0 ? '' : rowsOnly(lines)}${more}`;
}

function rowsOnly(lines: readonly (readonly string[])[]): string {
  const text = table(lines[0]?.map(() => '') ?? [], lines);
  return text.slice(text.indexOf('\n') + 1);
}

function noCounter(rule: string): CounterStatus {
  return { rule, key: '', quantity: 'connections', used: 0, allowed: 0, parked: 0 };
}
