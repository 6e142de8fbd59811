// An automatic answer to mail for a user (RFC 3834), as the directory has it. Plain data, which is sent between processes.

export interface Autoreply {
  readonly text: string;
  /** Undefined: `Auto: ` and that of the message. */
  readonly subject?: string | undefined;
  /** `2026-12-24` or `2026-12-24T18:00`, in the time zone of this host; undefined: from now on. */
  readonly from?: string | undefined;
  /** The same; a day counts to its end. Undefined: without end. */
  readonly until?: string | undefined;
  /** A sender gets one answer in so many days; 7 when not given. */
  readonly days?: number | undefined;
}
