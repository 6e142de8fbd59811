// About which clients a stage is asked.

import { keys } from '../table/rules/rule-subject.ts';
import type { ClientFacts, ClientRuleFacts } from './client-facts.ts';
import type { Audience } from './stage.ts';

/** What says whose mail it is. */
export interface Asker {
  readonly user: unknown;
  readonly principal: string | undefined;
  readonly client: Pick<ClientFacts, 'mayRelay' | 'rule'>;
}

export function isInAudience(audience: Audience, { user, principal, client }: Asker): boolean {
  const isStranger = principal === undefined && !client.mayRelay;
  switch (audience) {
    case 'users':
      return user !== undefined;
    case 'strangers':
      return isStranger;
    case 'unknown':
      return isStranger && !isNamedByRule(client.rule);
    case 'submission':
      return !isStranger;
  }
}

/** Is it by this rule that an administrator knows the client? A rule for everybody says nothing of anybody. */
export function isNamedByRule(rule: ClientRuleFacts | undefined): boolean {
  if (rule === undefined) return false;
  const { who } = rule;
  return who !== '' && who !== keys.everyone && who !== keys.named && !who.endsWith('/0');
}
