// Tells by which rule mail would be assigned to a queue, as far as that is known without a client.

import { Assignment, type AssignmentRule, type AssignedMail } from './assignment.ts';

/** Mail about whose client or listener nothing may be known. */
export type KnownMail = Omit<AssignedMail, 'client' | 'listener'> & {
  readonly client: string | undefined;
  readonly listener: string | undefined;
};

export interface ExplainedAssignment {
  readonly store: number;
  /** The index of the rule; undefined: none matches. */
  readonly rule: number | undefined;
  /** Rules before it that hold instead, for some clients, listeners or messages. */
  readonly unless: readonly number[];
}

export function explainAssignment(
  rules: readonly AssignmentRule[],
  { client, listener, ...known }: KnownMail,
  address: string,
): ExplainedAssignment {
  const mail = { ...known, client: client ?? '', listener: listener ?? '' };
  const unless: number[] = [];
  for (const [index, rule] of rules.entries()) {
    const asked = {
      ...rule,
      store: 1,
      client: client === undefined ? undefined : rule.client,
      listen: listener === undefined ? undefined : rule.listen,
      results: undefined,
      headers: undefined,
    };
    if (new Assignment([asked]).of(mail, address) !== 1) continue;
    const looksInside = rule.results !== undefined || rule.headers !== undefined;
    const isOpen = looksInside || asked.client !== rule.client || asked.listen !== rule.listen;
    if (!isOpen) return { store: rule.store, rule: index, unless };
    unless.push(index);
  }
  return { store: 0, rule: undefined, unless };
}
