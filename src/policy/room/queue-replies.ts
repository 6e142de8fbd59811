// What clients are told when their tenant has no room left in the queue. RFC 3463: X.3.1 is a mail system that is full, X.3.0 another fault of it.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { formatSize } from '../../values/size.ts';
import type { FullRoom } from './types.ts';

/** @param sizeBytes - of the message */
export function fullQueue({ quantity, limit }: FullRoom, sizeBytes: number): Reply {
  if (quantity === 'bytes' && sizeBytes > limit)
    return { ...tooLarge, text: `${tooLarge.text}: ${formatSize(limit)} may` };
  const most = quantity === 'messages' ? `${limit} messages` : formatSize(limit);
  return {
    code: 452,
    enhanced: '4.3.1',
    text: `Too much of your mail waits here already: ${most} may, try again later`,
  };
}

/** It would never have room. RFC 3463 X.3.4: the message is too big for the system. */
const tooLarge = {
  code: 552,
  enhanced: '5.3.4',
  text: 'The message is larger than all of your mail together may be',
} as const;

/** Nobody can tell how much waits. */
export const queueUnknown: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'It cannot be told how much of your mail waits here, try again later',
};
