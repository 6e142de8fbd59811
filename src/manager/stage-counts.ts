// Takes apart what receivers count: events, and the answers of each [[stage]].

import type { ManagerStatus, StageCounts } from '../control/operations/status.ts';

type Counts = Readonly<Record<string, number>>;

const ofStage = /^stage (?<name>\S+) (?<isTest>test )?(?<word>\S+)$/u;

/** @param receiver - the sum over all receivers, with keys as in `EventCounters` */
export function withStageCounts(receiver: Counts, sender: Counts): Pick<ManagerStatus, 'roles' | 'stages'> {
  const events: Record<string, number> = {};
  const stages = new Map<string, StageCountsSoFar>();
  for (const [key, count] of Object.entries(receiver)) {
    const { name, isTest, word } = ofStage.exec(key)?.groups ?? {};
    if (name === undefined || word === undefined) {
      events[key] = count;
      continue;
    }
    let stage = stages.get(name);
    if (stage === undefined) stages.set(name, (stage = { stage: name, answered: {}, tested: {} }));
    (isTest === undefined ? stage.answered : stage.tested)[word] = count;
  }
  return {
    roles: { receiver: events, sender },
    ...(stages.size > 0 && { stages: [...stages.values()] satisfies StageCounts[] }),
  };
}

interface StageCountsSoFar {
  readonly stage: string;
  readonly answered: Record<string, number>;
  readonly tested: Record<string, number>;
}
