// `/dev/null` in the place of a file: the mail is dropped, as other servers do with it.

import type { Instruction } from './types.ts';

/** What people are told. */
export const droppedText = 'dropped, as /dev/null asks for';

export function isNowhere(one: Instruction): boolean {
  return one.kind === 'mbox' && one.path === '/dev/null';
}
