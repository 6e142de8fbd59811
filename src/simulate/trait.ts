// One trait of a simulated mail host. A host has any number of them, and each may object at its stage of a session: that
// is what makes a destination that greylists, bans, stalls and loses connections all at once.

import type { NextHopAddress } from '../route/types.ts';
import type { ConnectionHandle } from '../schedule/types.ts';

/** A connection as the destination sees it. */
export interface Visit {
  readonly connection: ConnectionHandle;
  /** `RelayPlan.site`. */
  readonly site: string;
  /** The MX name that led here, and the address. */
  readonly hop: NextHopAddress;
  /** The source address; '' when the system chose it. */
  readonly source: string;
}

/** What a simulated host is found by, and traits tell addresses apart by: the IP address, or the endpoint that has none. */
export function addressOf({ ip, key }: NextHopAddress): string {
  return ip === '' ? key : ip;
}

/** Why a connection is not established. */
export interface Objection {
  /** Nothing answers until the client gives up; the port is closed; or the greeting is no 2xx. */
  readonly kind: 'silent' | 'refused' | 'greeting';
  /** The greeting; for the others empty. */
  readonly reply: string;
  /** It is the beginning of a ban, or one of those that a ban turns away. */
  readonly ban?: 'begins' | 'lasts' | undefined;
}

/** A transaction of which nothing was taken. */
export interface Rejection {
  /** 4yz or 5yz, for every recipient. */
  readonly reply: string;
  readonly hangsUp: boolean;
}

/** How a transaction ends: in order, or lost before or after the message was taken. */
export type Ending = 'in order' | 'lost' | 'lost after it was taken';

/** Lets everything pass; each trait overrides the stages at which it objects. Times are Unix ms. */
export class Trait {
  /** Undefined: it may come in. Called once for each connection, `disconnect` when it is gone. */
  connect(_visit: Visit, _nowMs: number): Objection | undefined {
    return undefined;
  }

  disconnect(_visit: Visit): void {}

  /** Ms that the greeting takes longer. */
  greetingDelayMs(_visit: Visit, _nowMs: number): number {
    return 0;
  }

  /** Ms that a transaction takes longer. */
  replyDelayMs(_visit: Visit, _nowMs: number): number {
    return 0;
  }

  /** It closes the connection right after the session has begun, without a word about the transaction. */
  hangsUpEarly(_visit: Visit): boolean {
    return false;
  }

  transact(_visit: Visit, _nowMs: number): Rejection | undefined {
    return undefined;
  }

  /** The reply to one recipient, 4yz or 5yz; empty: it is taken. */
  judge(_visit: Visit, _message: number, _recipient: number, _nowMs: number): string {
    return '';
  }

  end(_visit: Visit): Ending {
    return 'in order';
  }

  /** Ms after a transaction at which it closes an idle connection; -1: never. */
  closesIdleAfterMs(_visit: Visit): number {
    return -1;
  }

  /** An idle connection turns out to be closed when it is used again. */
  isGoneWhenUsed(_visit: Visit): boolean {
    return false;
  }
}
