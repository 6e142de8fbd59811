// Settings of reports, from `[bounce]` and `hostname` of the configuration.

export interface BounceSettings {
  readonly hostname: string;
  readonly from: string;
  readonly postmaster: string | undefined;
  readonly maxOriginalBytes: number;
}
