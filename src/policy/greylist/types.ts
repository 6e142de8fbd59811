// Greylisting: mail from a network that has not sent for this sender to this domain before is refused for now. Servers try again, and much of what
// sends spam does not. What is asked and answered, and the contract of whoever remembers (`GreylistMemory`).

/** What a [[stage]] of the kind "greylist" asks for. All times in ms. */
export interface GreylistTerms {
  /** From the first attempt on, mail waits for so long. */
  readonly delayMs: number;
  /** A first attempt is remembered for so long. */
  readonly windowMs: number;
  /** What has passed is remembered for so long after its last mail. */
  readonly lifetimeMs: number;
  /** A network whose mail has passed for so many keys is allowed as a whole; 0: never. */
  readonly allowAfter: number;
}

export interface GreylistQuestion {
  /** The name of the stage: each remembers by itself. */
  readonly stage: string;
  /** `192.0.2.0/24` */
  readonly network: string;
  /** In the form of `senderKey`; empty for the null sender. */
  readonly sender: string;
  /** Of the recipients, in normal form. All of them have to pass. */
  readonly domains: readonly string[];
  readonly terms: GreylistTerms;
  /** It is only asked: nothing is remembered. */
  readonly isTrial?: boolean;
}

/** `network`: it is allowed as a whole. `known`: such mail has passed before. `waited`: it has waited long enough. */
export type PassReason = 'network' | 'known' | 'waited';

export type GreylistAnswer =
  /** @property waitedMs - since the first attempt, with the reason `waited` */
  | { readonly kind: 'passes'; readonly why: PassReason; readonly waitedMs?: number | undefined }
  /** @property ms - until it passes. @property attempts - so far, this one included */
  | { readonly kind: 'waits'; readonly ms: number; readonly attempts: number }
  /** Nobody can tell now. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Remembers what has been sent, for all receivers. */
export interface GreylistMemory {
  /** Notes an attempt and says whether it passes. It never rejects. */
  greylist(question: GreylistQuestion): Promise<GreylistAnswer>;
}
