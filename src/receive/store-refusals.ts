// What clients hear when a message cannot be stored: 452 for want of room, 451 for anything else (RFC 5321 4.2.2, RFC 3463
// 3.4). Always temporary: it is our fault, and the client keeps the message.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { SpoolError } from '../spool/spool-error.ts';
import type { SpoolWriter } from '../spool/types.ts';

const noRoom: Reply = { code: 452, enhanced: '4.3.1', text: 'Insufficient disk space, try again later' };
/** X.3.0: a problem of our system that is none of room. */
const unstorable: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'Mail cannot be stored now, try again later',
};
const notStored: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'The message could not be stored, try again later',
};

/** Before a message is sent in vain; undefined: it may come. */
export function refusalNow(spool: SpoolWriter, sizeBytes: number): Reply | undefined {
  if (spool.hasRoom(sizeBytes)) return undefined;
  return spool.failure === undefined ? noRoom : unstorable;
}

/** For a message that could not be stored. */
export function refusalOf(error: unknown): Reply {
  return error instanceof SpoolError && error.code === 'SPOOL_FULL' ? noRoom : notStored;
}
