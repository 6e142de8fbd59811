// Room that is counted: in quarantine, for all mail and for a tenant, and in the queue, for a tenant; and the contract of whoever counts it
// (`RoomLedger`).

/** Where there may be no room. */
export type RoomPlace = 'quarantine' | 'queue';

/** Undefined: no limit. */
export interface RoomLimit {
  readonly messages?: number | undefined;
  readonly bytes?: number | undefined;
}

/** A message that needs room. */
export interface MailForRoom {
  readonly queueId: string;
  /** Empty for no tenant. */
  readonly tenant: string;
  readonly sizeBytes: number;
}

/** What is full. */
export interface FullRoom {
  /** Undefined: the place as a whole. */
  readonly tenant?: string | undefined;
  readonly quantity: 'messages' | 'bytes';
  readonly limit: number;
}

export type RoomAnswer =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'full'; readonly full: FullRoom }
  /** Nobody can tell now. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Counts what is in one place. */
export interface RoomLedger {
  /** Takes room for a message, which is then stored or given up. @param isTrial - whether only to say if there is room */
  reserve(mail: MailForRoom, isTrial?: boolean): Promise<RoomAnswer>;
  /** The message is not accepted. */
  giveUp(queueId: string): void;
  /** Has the queue of this name as much mail as its own quota allows? Not given: nobody knows of such quotas. */
  isFull?(queue: string): boolean;
  /** Does as much mail wait for this domain as the quota in its record allows? @param domain - in canonical form */
  isDomainFull?(domain: string): boolean;
}

/** Those of all places. */
export type RoomLedgers = Readonly<Record<RoomPlace, RoomLedger>>;
