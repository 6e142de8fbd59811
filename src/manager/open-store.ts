// Opens the store of mail, whose problems become troubles and events, and finds the writer to each store.

import type { Logger } from '../log/logger.ts';
import { SpoolError } from '../spool/spool-error.ts';
import type { SpoolStore, SpoolWriter } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { ManagerEvents } from './manager-events.ts';
import { OutcomeWatch, type Pause } from './outcome-watch.ts';
import type { Spool } from './ports.ts';
import { SpoolProblems } from './spool-problems.ts';

interface StoreParts {
  readonly spool: Spool;
  readonly log: Logger;
  readonly troubles: Troubles;
}

/** @throws {SpoolError} when it cannot be opened */
export function openStore({ spool, log, troubles }: StoreParts, events: ManagerEvents): Promise<SpoolStore> {
  const problems = new SpoolProblems(log, troubles);
  const pause: Pause = (reason, store) => events.post({ kind: 'blocked', reason, store });
  const outcomes = new OutcomeWatch(log, troubles, pause, spool.queues);
  return spool.openStore({
    onProblem: (problem) => problems.report(problem),
    onBlocked: (reason, store) => outcomes.blocked(reason, store),
    onDamaged: (queueIds) => events.post({ kind: 'damaged', queueIds }),
    onStopped: (store) => events.forget(store),
    onStray: (message) => events.post({ kind: 'stray', message }),
  });
}

/** The writer to a store. */
export function writerTo(writers: readonly SpoolWriter[], store: number): SpoolWriter {
  const writer = writers[store];
  if (writer !== undefined) return writer;
  throw new SpoolError('SPOOL_MISSING', `storing a report: there is no store ${store}`);
}
