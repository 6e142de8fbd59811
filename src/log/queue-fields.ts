// The fields of events about what operators do to mail that waits.

type Text = string | undefined;

export interface QueueEventFields {
  readonly removed: {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly queue?: Text;
    readonly quarantine?: Text;
  };
  readonly released: {
    /** The [[route]] that held it. */
    readonly route?: Text;
    readonly id: string;
    readonly from?: Text;
    readonly to?: readonly string[] | undefined;
    /** Its name; left out for the default one. */
    readonly queue?: Text;
    readonly quarantine?: Text;
  };
  readonly moved: {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    /** The name of the queue that keeps it now. */
    readonly queue: string;
    /** Its queue id there. */
    readonly newId: string;
  };
}
