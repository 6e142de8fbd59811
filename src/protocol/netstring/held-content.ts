// Where the content of a message is while its envelope is not here yet: QMQP and QMTP send the content first. Whoever owns memory and disk
// keeps it; lines are brought into the form with CRLF there.

/** What is known of a content that is complete. */
export interface HeldFacts {
  readonly sizeBytes: number;
  readonly is8Bit: boolean;
  /** It grew beyond what a message may have, and is not there. */
  readonly isTooLarge: boolean;
  /** It could not be kept. */
  readonly isFailed: boolean;
}

export interface HeldContent {
  begin(): void;
  add(piece: Uint8Array): void;
  /** Must be waited for: it calls back whoever owns the session. */
  readonly isBusy: boolean;
  end(): HeldFacts;
  /** After `end`. */
  readonly sizeBytes: number;
  /** It could not be kept, or cannot be read. */
  readonly hasFailed: boolean;
  /** After `end`: the next piece; undefined when there is none, or not yet. */
  next(): Uint8Array | undefined;
  /** It is used up, or not needed any more. */
  discard(): void;
}
