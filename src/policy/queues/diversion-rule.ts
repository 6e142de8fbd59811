// From the conditions of a diversion, as they are written, to a rule that mail is compared with.

import { parseRecipientDomain, parseSenderPattern } from '../../values/domain.ts';
import type { DiversionConditions } from '../../values/diversion.ts';
import { parseHeaderCondition } from '../../values/header-condition.ts';
import { parseNetwork } from '../../values/network.ts';
import { parseResultCondition } from '../../values/result-condition.ts';
import type { AssignmentRule } from './assignment.ts';

/** @param store - the number of the store of its queue. @throws {ValueError} when a condition cannot be understood */
export function diversionRule(
  { domain, tenant, sender, client, user, results, header }: DiversionConditions,
  store: number,
): AssignmentRule {
  return {
    store,
    domain: domain?.map(parseRecipientDomain),
    tenant,
    sender: sender?.map(parseSenderPattern),
    client: client?.map(parseNetwork),
    user: user?.map((each) => each.toLowerCase()),
    results: results?.map(parseResultCondition),
    headers: header?.map(parseHeaderCondition),
  };
}
