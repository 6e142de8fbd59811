// Rules and messages of the tests of sending limits.

import type { BeyondLimit, HandIn, SendingKind, SendingRule } from '../../../src/policy/sending/types.ts';
import { parseDomainPattern } from '../../../src/values/domain.ts';
import { parseNetwork } from '../../../src/values/network.ts';
import { parseRate } from '../../../src/values/rate.ts';

export interface GivenRule {
  readonly user?: readonly string[];
  readonly client?: readonly string[];
  readonly tenant?: readonly string[];
  readonly senderDomain?: readonly string[];
  readonly messages?: readonly string[];
  readonly recipients?: readonly string[];
  readonly beyond?: BeyondLimit;
}

export function rule(by: SendingKind, given: GivenRule): SendingRule {
  const { user, client, tenant, senderDomain, messages, recipients, beyond = { kind: 'tempfail' } } = given;
  return {
    by,
    user,
    client: client?.map(parseNetwork),
    tenant,
    senderDomain: senderDomain?.map(parseDomainPattern),
    messages: messages?.map(parseRate),
    recipients: recipients?.map(parseRate),
    beyond,
    origin: 'sluice.toml:1',
  };
}

export function handIn(given: Partial<HandIn>): HandIn {
  return { user: '', client: '', tenant: '', senderDomain: '', recipients: 1, ...given };
}
