// Families of what was counted since the start of Sluice. They are there from the beginning, with zeros: a rate needs a sample before the
// first event.

import type { EventName } from '../log/event.ts';
import { timeBounds } from '../stats/time-counts.ts';
import type { Family, Sample } from './families.ts';
import { mostLabels } from './families.ts';
import type { Counts, RoleTotals } from './totals.ts';

/** Whose counts an event is taken from: where the manager and another role count the same, only one of them may count. */
const countedBy: Readonly<Record<EventName, 'manager' | 'all'>> = {
  received: 'manager',
  delivered: 'manager',
  deferred: 'manager',
  bounced: 'manager',
  rejected: 'all',
  looped: 'all',
  sendingLimited: 'all',
  queueFull: 'all',
  guessing: 'all',
  etrn: 'all',
  secured: 'all',
  clear: 'all',
  tlsFailed: 'all',
  handshakeFailed: 'all',
  authenticated: 'all',
  authenticationFailed: 'all',
  passwordChanged: 'all',
  pop3Session: 'all',
  proxyHeaderFailed: 'all',
  verified: 'all',
  tested: 'all',
  checked: 'all',
  discarded: 'all',
  overQuota: 'all',
  copied: 'all',
  tapsChanged: 'all',
  copyFailed: 'all',
  dropped: 'all',
  removed: 'all',
  released: 'all',
  moved: 'all',
};

/** The names of all events, in the order in which they are shown. */
export const eventNames = Object.keys(countedBy) as readonly EventName[];

export function countedFamilies(totals: RoleTotals): readonly Family[] {
  return [events(totals), stageAnswers(totals), deliveryTimes(totals), dropped(totals)];
}

function sumOf(totals: RoleTotals, key: string): number {
  return Object.values(totals).reduce((sum, counts) => sum + (counts[key] ?? 0), 0);
}

function events(totals: RoleTotals): Family {
  return {
    name: 'sluice_events_total',
    kind: 'counter',
    help: 'Events of the log and some that are only counted, by name.',
    samples: eventNames.map((event) => ({
      labels: { event },
      value: countedBy[event] === 'all' ? sumOf(totals, event) : (totals['manager']?.[event] ?? 0),
    })),
  };
}

const ofStage = /^stage (?<stage>\S+) (?<test>test )?(?<answer>\S+)$/u;

/** What stages have answered; those beyond the first hundred together. */
function stageAnswers(totals: RoleTotals): Family {
  const samples = new Map<string, Sample>();
  const stages = new Set<string>();
  for (const [key, count] of Object.values(totals).flatMap((counts: Counts) => Object.entries(counts))) {
    const { stage, test, answer } = ofStage.exec(key)?.groups ?? {};
    if (stage === undefined || answer === undefined) continue;
    if (stages.size < mostLabels) stages.add(stage);
    const shown = stages.has(stage) ? stage : 'other';
    const labels = { stage: shown, answer, tested: test === undefined ? 'false' : 'true' };
    const words = JSON.stringify(labels);
    samples.set(words, { labels, value: (samples.get(words)?.value ?? 0) + count });
  }
  return {
    name: 'sluice_stage_answers_total',
    kind: 'counter',
    help: 'What each stage has answered; tested: it is only tested.',
    samples: [...samples.values()],
  };
}

function dropped(totals: RoleTotals): Family {
  return {
    name: 'sluice_statistics_dropped_total',
    kind: 'counter',
    help: 'Datagrams with statistics of which the system says that nobody took them.',
    samples: [{ labels: { backend: 'statsd' }, value: sumOf(totals, 'dropped statsd') }],
  };
}

/** A histogram of Prometheus counts in each bucket all that is in those before it, too. */
function deliveryTimes(totals: RoleTotals): Family {
  let count = 0;
  const buckets = [...timeBounds, 'more'].map((bound): Sample => {
    count += sumOf(totals, `time delivery ${bound}`);
    return { suffix: '_bucket', labels: { le: bound === 'more' ? '+Inf' : String(bound) }, value: count };
  });
  return {
    name: 'sluice_time_to_delivery_seconds',
    kind: 'histogram',
    help: 'Time from the acceptance of a message until a recipient of it was delivered.',
    samples: [
      ...buckets,
      { suffix: '_sum', value: sumOf(totals, 'time delivery sum') },
      { suffix: '_count', value: count },
    ],
  };
}
