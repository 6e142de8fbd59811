// Settings of reports, from `[bounce]` and `hostname` of the configuration.

export interface BounceSettings {
  readonly hostname: string;
  readonly from: string;
  readonly postmaster: string | undefined;
  readonly maxOriginalBytes: number;
  /** Ms in the queue after which the sender is told that a message waits, in rising order; empty: never. */
  readonly warnAfterMs: readonly number[];
}
