// The automatic answer to a message for a user, if there is to be one.

import { join } from 'node:path';
import type { User } from '../../directory/types.ts';
import { isAnswering } from '../../directory/autoreply-dates.ts';
import type { OnwardMail } from '../../values/onward-mail.ts';
import type { MailboxPlace } from '../../mailbox/mailbox-place.ts';
import { prepareMailbox } from '../mailbox/into-mailbox.ts';
import { answerText } from './answer-text.ts';
import { noteAnswer } from './answered.ts';
import { mayAnswer } from './may-answer.ts';

const dayMs = 86_400_000;
const usualDays = 7;
/** In the folder of a Maildir, beside its folders. */
const fileName = 'autoreplies';

export interface AutoreplyQuestion {
  readonly user: User;
  /** As the message has it. */
  readonly recipient: string;
  readonly sender: string;
  /** The beginning of the message, with its header. */
  readonly header: Uint8Array;
  readonly place: MailboxPlace;
  readonly nowMs: number;
}

/**
 * Who gets the answer is written down before it is returned.
 * @returns undefined: the message is not answered
 * @throws {Error} of the system
 */
export async function autoreplyTo(question: AutoreplyQuestion): Promise<OnwardMail | undefined> {
  const { user, recipient, sender, header, place, nowMs } = question;
  const { autoreply } = user;
  if (autoreply === undefined || !isAnswering(autoreply, nowMs)) return undefined;
  const about = mayAnswer({ sender, names: [user.address, ...user.aliases, recipient], header });
  if (about.kind === 'no') return undefined;
  const periodMs = (autoreply.days ?? usualDays) * dayMs;
  const note = () => noteAnswer(join(place.path, fileName), sender, nowMs, periodMs);
  const isDue = await note().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    // All of the mail so far was forwarded.
    await prepareMailbox(place, nowMs);
    return note();
  });
  if (!isDue) return undefined;
  return {
    reason: 'autoreply',
    reversePath: '',
    recipients: [sender],
    fields: '',
    content: answerText({ autoreply, from: user.address, to: sender, about, nowMs }),
  };
}
