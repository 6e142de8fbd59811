// What the configuration says about reports (`[bounce]`).

export interface BounceSettings {
  readonly hostname: string;
  readonly from: string;
  readonly postmaster: string | undefined;
  readonly maxOriginalBytes: number;
}
