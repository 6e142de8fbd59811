// Room in quarantine: how much mail may be held there, in all and of one tenant, and the contract of whoever counts it (`QuarantineLedger`).

/** Undefined: no limit. */
export interface QuarantineLimit {
  readonly messages?: number | undefined;
  readonly bytes?: number | undefined;
}

/** A message that is to be held. */
export interface HeldMail {
  readonly queueId: string;
  /** Empty for no tenant. */
  readonly tenant: string;
  readonly sizeBytes: number;
}

/** What is full. */
export interface FullQuarantine {
  /** Undefined: the quarantine as a whole. */
  readonly tenant?: string | undefined;
  readonly quantity: 'messages' | 'bytes';
  readonly limit: number;
}

export type RoomAnswer =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'full'; readonly full: FullQuarantine }
  /** Nobody can tell now. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Counts what is in quarantine. */
export interface QuarantineLedger {
  /** Takes room for a message, which is then stored or given up. @param isTrial - whether only to say if there is room */
  reserve(mail: HeldMail, isTrial?: boolean): Promise<RoomAnswer>;
  /** The message is not accepted. */
  giveUp(queueId: string): void;
}
