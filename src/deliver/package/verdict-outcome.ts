// What an answer of QMQP or QMTP means for a recipient. These protocols have no reply codes; the log, reports and the scheduler know
// outcomes by those of SMTP: K is 250, Z is 451, D is 554 (RFC 5321 4.2.1).

import type { ClientVerdict } from '../../protocol/netstring/client-session.ts';
import type { VerdictKind } from '../../protocol/netstring/verdict.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';

const codes: Readonly<Record<VerdictKind, number>> = { taken: 250, temporary: 451, permanent: 554 };

/** @param recipient - its index in the transaction */
export function outcomeOf(verdict: ClientVerdict, recipient: number): RecipientOutcome {
  const { enhanced = '', isOurs, kind, text } = verdict;
  if (isOurs === true)
    return { recipient, result: 'tempfail', failure: { kind: 'broken', during: 'content', text } };
  const reply = {
    code: codes[kind],
    enhanced,
    lines: text === '' ? [] : [text],
    command: 'content' as const,
  };
  if (kind === 'taken') return { recipient, result: 'delivered', reply };
  const result = kind === 'permanent' ? 'permfail' : 'tempfail';
  return { recipient, result, failure: { kind: 'reply', reply } };
}
