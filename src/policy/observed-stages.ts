// Shows what each stage answers and how long it takes, for `sluice policy try`. Promises: the stages are those of the pipelines themselves, asked
// as sessions ask them; what they answer is not changed.

import type { Member } from './decision.ts';
import { Pipelines, type StageEntry } from './pipelines.ts';
import { type Answer, type Facts, type Point, points, type Stage, type Verdict } from './stage.ts';
import type { StageReports, StageWatch } from './stage-watch.ts';

/** What happens while stages are asked. */
export interface StageObserver {
  /** A stage is asked: the next call for this stage ends it. */
  asked(stage: string, point: Point): void;
  /** @param isTest - it is only tested: what it answers is not carried out */
  answered(stage: string, answer: Verdict, isTest: boolean): void;
  /** The stage has failed, or is left alone after failures. @param instead - the answer that it names for this */
  failed(stage: string, point: Point, why: string, instead: Member['onFailure']): void;
}

/**
 * The same stages in the same order, each shown to the observer.
 * @param watch - of the live stages: those that rest are not asked here, either; failures are told to the observer alone
 */
export function observedPipelines(
  pipelines: Pipelines,
  watch: Pick<StageWatch, 'deadlines' | 'rests'>,
  observer: StageObserver,
): Pipelines {
  const entries = pipelines.entries.map((entry) => ({
    ...entry,
    stage: observedStage(entry, observer),
  }));
  return new Pipelines(entries, observedWatch(watch, observer), pipelines.routes);
}

function observedStage({ stage, isTest = false }: StageEntry, observer: StageObserver): Stage {
  const shown: Partial<Record<Point, (facts: Facts) => Answer>> = {};
  for (const point of points) {
    const method = stage[point] as ((facts: Facts) => Answer) | undefined;
    if (method === undefined) continue;
    shown[point] = (facts) => {
      observer.asked(stage.name, point);
      return shownAnswer(method.call(stage, facts), (verdict) =>
        observer.answered(stage.name, verdict, isTest),
      );
    };
  }
  const { name, timeLimitMs, onFailure, breaker, audience, isAskedAfterAccept } = stage;
  return {
    name,
    timeLimitMs,
    onFailure,
    breaker,
    audience,
    isAskedAfterAccept,
    asksAt: (point) => stage.asksAt?.(point) !== false,
    ...shown,
    // What it is told, and not asked, changes nothing that could be shown.
    recipientRefused: (facts, reply, by) => stage.recipientRefused?.(facts, reply, by),
    commandUnrecognized: (facts, line) => stage.commandUnrecognized?.(facts, line),
    transactionEnded: (facts, wasAccepted) => stage.transactionEnded?.(facts, wasAccepted),
    sessionEnded: (facts) => stage.sessionEnded?.(facts),
  };
}

function shownAnswer(answer: Answer, show: (verdict: Verdict) => void): Answer {
  // Whether it is a verdict at all, the pipeline finds out.
  if (typeof answer !== 'object' || answer === null || !('then' in answer)) {
    show(answer);
    return answer;
  }
  return answer.then((verdict) => {
    show(verdict);
    return verdict;
  });
}

function observedWatch(
  watch: Pick<StageWatch, 'deadlines' | 'rests'>,
  observer: StageObserver,
): StageReports {
  return {
    deadlines: watch.deadlines,
    isResting: (member, point) => {
      const rests = watch.rests(member);
      if (rests)
        observer.failed(member.stage, point, 'it is left alone after its failures', member.onFailure);
      return rests;
    },
    worked: () => undefined,
    tested: () => undefined,
    tallyOf: () => undefined,
    busy: (member, point, why) => observer.failed(member.stage, point, why, member.onFailure),
    failed: (member, point, why) => observer.failed(member.stage, point, why, member.onFailure),
  };
}
