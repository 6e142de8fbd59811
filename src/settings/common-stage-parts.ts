// What stages take from the common keys of their [[stage]].

import type { StageConfig } from '../config/stage-config.ts';
import type { Stage } from '../policy/stage.ts';

type Common = Pick<StageConfig, 'name' | 'audience' | 'onFailure' | 'restAfter' | 'restFor'>;

export function commonStageParts({ name, audience, onFailure, restAfter, restFor }: Common) {
  return {
    name,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
  } satisfies Pick<Stage, 'name' | 'onFailure' | 'audience' | 'breaker'>;
}
