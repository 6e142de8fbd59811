// Settles failures after their report: a report is on stable storage before the journal says that its recipients have failed,
// so that a crash in between repeats a report and never loses one.

import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { SpoolStore } from '../spool/types.ts';
import { FailureReports } from './failure-reports.ts';
import type { BouncerPort } from './ports.ts';

export interface SettledReportsParts {
  readonly store: Pick<SpoolStore, 'locate' | 'pin' | 'settle' | 'unpin'>;
  readonly bouncer: BouncerPort;
  readonly timers: Timers;
  readonly log: Pick<Logger, 'error'>;
}

/** Makes the reports of a store. A message stays pinned until its report is stored and its failures are settled. */
export function settledReports({ store, bouncer, timers, log }: SettledReportsParts): FailureReports {
  return new FailureReports({
    timers,
    take: (queueId) => {
      const ref = store.locate(queueId);
      if (ref !== undefined) store.pin(queueId);
      return ref;
    },
    report: async (queueId, ref, recipients) => {
      let isReported = true;
      try {
        isReported = await bouncer.report(queueId, ref, recipients);
      } catch (error) {
        // A bug of Sluice, which another try would repeat: the failures are settled without a report.
        const reason = error instanceof Error ? error.message : String(error);
        log.error(`message ${queueId} failed, and its report could not be written: ${reason}`);
      }
      if (isReported) {
        store.settle(
          recipients
            .filter((each) => each.action === 'failed')
            .map(({ recipient }) => ({ kind: 'failed', queueId, recipient })),
        );
      }
      store.unpin(queueId);
    },
  });
}
