// A family is one number of Sluice in all its variants, as Prometheus calls it: a name, what it means, and a sample for each set of labels.

/** Sorted by nothing: labels are written in this order. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** What is appended to the name of the family: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

export interface Family {
  /** With the unit at its end, and `_total` for counters. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** One sentence. */
  readonly help: string;
  readonly samples: readonly Sample[];
  /** Its labels are others from one hour to the next, so that a back end which keeps each name would grow for ever. */
  readonly changesNames?: true;
}

/** The most values of a label that others choose, such as names of sites; what is beyond has the label `other`. */
export const mostLabels = 100;

/** A family of one number. */
export function single(kind: 'counter' | 'gauge', name: string, help: string, value: number): Family {
  return { name, kind, help, samples: [{ value }] };
}
