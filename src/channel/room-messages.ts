// What receivers ask the manager about room in the quarantine and in the queue.

import type { MailForRoom, RoomAnswer, RoomPlace } from '../policy/room/types.ts';

/** May this message come to this place? Answered by the `room` of the same id. */
export interface ReserveRoom {
  readonly kind: 'reserve';
  readonly place: RoomPlace;
  readonly id: number;
  readonly mail: MailForRoom;
  /** It is only asked whether there is room. */
  readonly isTrial?: boolean;
}

/** A message for which room was reserved is not accepted. */
export interface GiveUpRoom {
  readonly kind: 'giveUp';
  readonly place: RoomPlace;
  readonly queueId: string;
}

export interface RoomAnswered {
  readonly kind: 'room';
  readonly id: number;
  readonly answer: RoomAnswer;
}

/** Which domains have no room by the quotas in their records. */
export interface FullDomainsTold {
  readonly kind: 'fullDomains';
  /** Those that have become full. */
  readonly full: readonly string[];
  /** Those that are not full any more. */
  readonly free: readonly string[];
}

/** Which queues have no room by their own quotas: all of them, each time that one comes or goes. */
export interface FullQueuesTold {
  readonly kind: 'fullQueues';
  readonly queues: readonly string[];
}

/** What receivers are told about room. */
export type RoomTold = RoomAnswered | FullQueuesTold | FullDomainsTold;
