// Takes apart what receivers count: events, and the answers of each [[stage]].

import type { ManagerStatus, StageCounts } from '../control/operations/status.ts';

type Counts = Readonly<Record<string, number>>;

const ofStage = /^stage (?<name>\S+) (?<isTest>test )?(?<word>\S+)$/u;

/**
 * @param receiver - the sum over all receivers, with keys as in `EventCounters`
 * @param pop3 - empty where nobody has used it
 */
export function withStageCounts(
  receiver: Counts,
  sender: Counts,
  pop3: Counts,
): Pick<ManagerStatus, 'roles' | 'stages'> {
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
    roles: { receiver: events, sender, ...(Object.keys(pop3).length > 0 && { pop3 }) },
    ...(stages.size > 0 && { stages: [...stages.values()] satisfies StageCounts[] }),
  };
}

interface StageCountsSoFar {
  readonly stage: string;
  readonly answered: Record<string, number>;
  readonly tested: Record<string, number>;
}
