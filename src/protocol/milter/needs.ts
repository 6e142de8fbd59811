// Which bits of a negotiation each question and each edit depends on.

import type { MilterEdit } from './answer.ts';
import { action, step } from './flags.ts';
import type { Question } from './milter-events.ts';

/** The action that each edit needs. A milter that did not ask for it in the negotiation may not make it. */
export const neededAction: Readonly<Record<MilterEdit['kind'], number>> = {
  'add-header': action.addHeaders,
  'insert-header': action.addHeaders,
  'change-header': action.changeHeaders,
  'add-recipient': action.addRecipients | action.addRecipientsWithParameters,
  'delete-recipient': action.deleteRecipients,
  'change-sender': action.changeSender,
};

/** The flags by which a milter does not want an event, or does not answer it. */
export const bits: Readonly<Record<Question, { readonly unsent: number; readonly unanswered: number }>> = {
  connect: { unsent: step.noConnect, unanswered: step.noReplyToConnect },
  helo: { unsent: step.noHelo, unanswered: step.noReplyToHelo },
  mail: { unsent: step.noMail, unanswered: step.noReplyToMail },
  rcpt: { unsent: step.noRcpt, unanswered: step.noReplyToRcpt },
  data: { unsent: step.noData, unanswered: step.noReplyToData },
  header: { unsent: step.noHeaders, unanswered: step.noReplyToHeader },
  'end-of-headers': { unsent: step.noEndOfHeaders, unanswered: step.noReplyToEndOfHeaders },
  body: { unsent: step.noBody, unanswered: step.noReplyToBody },
  unknown: { unsent: step.noUnknown, unanswered: step.noReplyToUnknown },
  'end-of-message': { unsent: 0, unanswered: 0 },
};
