// What recovery reports about messages that are damaged, missing, or of which it cannot tell whether they were held.

import type { RecoveredMessage, SpoolProblem } from '../types.ts';

/** Number of recipients that the text of a problem names. */
const maxNamedRecipients = 20;

/** The problem to report for a message that is damaged or missing. */
export function messageProblem(
  kind: SpoolProblem['kind'],
  { queueId, reversePath, waiting }: Pick<RecoveredMessage, 'queueId' | 'reversePath' | 'waiting'>,
  why: string,
): SpoolProblem {
  const recipients = waiting.map(({ address }) => address);
  const named = recipients.slice(0, maxNamedRecipients).map((address) => `<${address}>`);
  const more =
    recipients.length > maxNamedRecipients ? ` and ${recipients.length - maxNamedRecipients} more` : '';
  const text = `${why}; the message from <${reversePath}> to ${named.join(', ')}${more} cannot be delivered`;
  return { kind, place: queueId, text, message: { queueId, reversePath, recipients } };
}

export function withoutRecordProblem(queueId: string): SpoolProblem {
  const text =
    'the journal says that this message waits, but no segment has a record of it: nothing else is known about it';
  return { kind: 'missing', place: queueId, text };
}

export function inDoubtProblem(messages: number): SpoolProblem {
  const text = `neither the journal nor the file "holds" tells reliably which messages were held, so all ${messages} are held now. Look at them ("sluice queue list --state held"), then release them ("sluice queue release --state held")`;
  return { kind: 'doubt', place: 'holds', text };
}
