// Settings of reports, from `[bounce]` and `hostname` of the configuration.

import type { TextChoice } from './texts/text-choice.ts';

export interface BounceSettings {
  readonly hostname: string;
  readonly from: string;
  readonly postmaster: string | undefined;
  readonly maxOriginalBytes: number;
  /** Ms in the queue after which the sender is told that a message waits, in rising order; empty: never. */
  readonly warnAfterMs: readonly number[];
  /** The times of all schedules that have some of their own, in rising order; none when they are not given. */
  readonly scheduledWarnAfterMs?: readonly number[] | undefined;
  /** The texts for people. */
  readonly texts: Pick<TextChoice, 'textsFor'>;
  /** The name of the tenant that reports belong to; undefined: that of the message that a report is about. */
  readonly tenant: string | undefined;
  /** Name of the [[route]] that reports take; undefined: the routing table decides. */
  readonly route: string | undefined;
}
