// What a job on the queue needs.

import type { Timers } from '../../io/timers.ts';
import type { Scheduler } from '../../schedule/types.ts';
import type { SpoolStore } from '../../spool/types.ts';
import type { Mover } from '../moves/mover.ts';
import type { QueueChanges } from '../queue-changes.ts';
import type { Reroutes } from '../ways/reroutes.ts';
import type { ChoiceParts } from './message-choice.ts';

export interface JobParts extends ChoiceParts {
  readonly changes: QueueChanges;
  readonly reroutes: Pick<Reroutes, 'move' | 'movesOf' | 'moveReleased'>;
  readonly mover: Pick<Mover, 'isElsewhere' | 'move'>;
  /** Of queues beside the default one, whose stores follow the first in this order. */
  readonly queueNames: () => readonly string[];
  readonly store: Pick<SpoolStore, 'flush' | 'isDamaged' | 'locate'>;
  readonly manager: ChoiceParts['manager'] & { readonly scheduler: Pick<Scheduler, 'counts'> };
  readonly timers: Timers;
}
