// Warns of lists in the DNS whose scores can never come to what is set for them.

import { formatListAnswer } from '../../values/list-answer.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { DnsListsStageConfig } from '../stage-config.ts';

type Warning = ConfigWarning;
type Path = ConfigWarning['path'];

const thresholds = [
  ['reject_at', 'rejectAt'],
  ['tempfail_at', 'tempfailAt'],
  ['quarantine_at', 'quarantineAt'],
  ['mark_at', 'markAt'],
] as const;

/** RFC 5782 5: 127.0.0.1 is never on a list of addresses, so that it is known to work. As an answer it says that a list is used wrongly. */
const notListed = '127.0.0.1';

export function listWarnings(stage: DnsListsStageConfig, path: Path): Warning[] {
  const most = stage.list.reduce((sum, { weight }) => sum + Math.max(0, weight), 0);
  const warnings: Warning[] = thresholds.flatMap(([key, name]) => {
    const at = stage[name];
    if (at === undefined || at <= most) return [];
    return [
      { path: [...path, key], message: `is never reached: the weights of all lists are ${most} together` },
    ];
  });
  warnings.push(...uselessThresholds(stage, most, path), ...repeatedLists(stage, path));
  for (const [at, { answers }] of stage.list.entries()) {
    if (answers?.every((each) => formatListAnswer(each) === notListed) !== true) continue;
    warnings.push({
      path: [...path, 'list', at, 'answers'],
      message: `no list answers ${notListed} for what is on it (RFC 5782 5): its entries are answered from 127.0.0.2 on`,
    });
  }
  return warnings;
}

/** What is refused can be neither held nor marked, and what is refused for good is not asked to come again. */
function uselessThresholds(stage: DnsListsStageConfig, most: number, path: Path): Warning[] {
  const { rejectAt = Infinity, tempfailAt = Infinity, quarantineAt, markAt } = stage;
  const refusedAt = Math.min(rejectAt, tempfailAt);
  const useless = (key: string, at: number | undefined, from: number, what: string): Warning[] =>
    at === undefined || at < from || at > most
      ? []
      : [{ path: [...path, key], message: `${what}: it is refused from a score of ${from} on` }];
  return [
    ...useless('tempfail_at', stage.tempfailAt, rejectAt, 'asks no client to come again'),
    ...useless('quarantine_at', quarantineAt, refusedAt, 'holds no mail'),
    ...useless('mark_at', markAt, refusedAt, 'marks no mail'),
  ];
}

/** A zone may be named several times, with other answers each: who is on it twice counts twice only by mistake. */
function repeatedLists({ list }: DnsListsStageConfig, path: Path): Warning[] {
  const seen = new Set<string>();
  return list.flatMap(({ zone, about, answers }, at) => {
    const key = JSON.stringify([zone, about, answers?.map(formatListAnswer).toSorted()]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [
      {
        path: [...path, 'list', at, 'zone'],
        message: `${zone} is asked twice for the same answers: its weight counts twice`,
      },
    ];
  });
}
