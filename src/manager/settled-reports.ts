// Settles failures after their report: a report is on stable storage before the journal says that its recipients have failed,
// so that a crash in between repeats a report and never loses one.

import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Scheduler, SchedulerConfig } from '../schedule/types.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import { FailureReports } from './failure-reports.ts';
import type { ManagerEvents } from './manager-events.ts';
import type { BouncerPort } from './ports.ts';

export interface SettledReportsParts {
  readonly store: Pick<SpoolStore, 'locate' | 'pin' | 'settle' | 'unpin'>;
  readonly bouncer: BouncerPort;
  readonly scheduler: Pick<Scheduler, 'isQueued' | 'isUnderWay'>;
  readonly events: Pick<ManagerEvents, 'post'>;
  readonly shaping: { readonly limits: Pick<SchedulerConfig, 'weights'> };
  readonly timers: Timers;
  readonly log: Pick<Logger, 'error'>;
}

/** Makes the reports of a store. A message stays pinned until its report is stored and its failures are settled. */
export function settledReports(parts: SettledReportsParts): FailureReports {
  const { store, bouncer, scheduler, shaping, events, timers, log } = parts;
  return new FailureReports({
    timers,
    weightOf: (tenant) => shaping.limits.weights?.get(tenant) ?? 1,
    late: (areLate, number, tenant) => events.post({ kind: 'late', areLate, store: number, tenant }),
    isUnderWay: (queueId, message) => scheduler.isQueued(message, queueId) && scheduler.isUnderWay(message),
    take: (queueId) => {
      const ref = store.locate(queueId);
      if (ref !== undefined) store.pin(queueId);
      return ref;
    },
    report: async (queueId, ref, recipients) => {
      let isReported: boolean | 'later' = true;
      try {
        isReported = await bouncer.report(queueId, ref, recipients);
      } catch (error) {
        // A bug of Sluice, which another try would repeat: the failures are settled without a report.
        const reason = error instanceof Error ? error.message : String(error);
        log.error(`message ${queueId} failed, and its report could not be written: ${reason}`);
      }
      // It stays pinned until it can be signed.
      if (isReported === 'later') return 'later';
      if (isReported) {
        const outcomes: Outcome[] = [];
        for (const { action, recipient } of recipients) {
          if (action === 'failed') outcomes.push({ kind: 'failed', queueId, recipient });
        }
        const delayed = recipients.find((each) => each.action === 'delayed');
        if (delayed !== undefined) outcomes.push({ kind: 'warned', queueId, afterMs: delayed.afterMs });
        store.settle(outcomes);
      }
      store.unpin(queueId);
      return 'over';
    },
  });
}
