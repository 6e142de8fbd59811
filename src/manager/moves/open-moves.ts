// Opens what moves waiting mail between queues: what was left of it at the last end, before the queue is recovered, and the mover.

import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { Scheduler } from '../../schedule/types.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import type { SpoolStore } from '../../spool/types.ts';
import { DoubtfulMoves } from './doubtful-moves.ts';
import { MoveHolds } from './move-holds.ts';
import { MoveIntents } from './move-intents.ts';

export interface MovesSurroundings {
  readonly config: Pick<Config, 'spool'>;
  readonly files: FileLayer;
  readonly log: Pick<Logger, 'error'>;
  readonly store: SpoolStore;
  readonly scheduler: Scheduler;
}

export async function openMoves(
  around: MovesSurroundings,
): Promise<{ readonly intents: MoveIntents; readonly doubtful: DoubtfulMoves; readonly holds: MoveHolds }> {
  const intents = await MoveIntents.open(join(around.config.spool, 'moves.json'), around);
  const holds = new MoveHolds(around);
  return { intents, doubtful: new DoubtfulMoves(intents.all, { ...around, intents, holds }), holds };
}
