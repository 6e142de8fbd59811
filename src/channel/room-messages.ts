// What receivers ask the manager about room in quarantine.

import type { HeldMail, RoomAnswer } from '../policy/quarantine/types.ts';

/** May this message be held in quarantine? Answered by the `room` of the same id. */
export interface ReserveRoom {
  readonly kind: 'reserve';
  readonly id: number;
  readonly mail: HeldMail;
  /** It is only asked whether there is room. */
  readonly isTrial?: boolean;
}

/** A message for which room was reserved is not accepted. */
export interface GiveUpRoom {
  readonly kind: 'giveUp';
  readonly queueId: string;
}

export interface RoomAnswered {
  readonly kind: 'room';
  readonly id: number;
  readonly answer: RoomAnswer;
}
