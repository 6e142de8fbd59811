// The route key of a recipient whose route is being asked of a plugin: one for each recipient, so that each has a plan of its own, which says why
// it waits when no answer comes. The key names the recipient, so that the question needs nothing else.

import type { RouteKey } from './types.ts';

/** No plan key begins like this. What a message asks for about TLS (`security/demand.ts`) comes before it. */
const begin = 'ask!';

/** A recipient in the schedule. */
export interface AskedRecipient {
  /** Counts the configurations of the manager: what was asked under an earlier one is asked again. */
  readonly generation: number;
  /** The handle of its message. */
  readonly message: number;
  /** Index in the envelope. */
  readonly recipient: number;
  readonly queueId: string;
}

/** @param domain - of the recipient, in canonical form */
export function askedRoute(asked: AskedRecipient, domain: string): RouteKey {
  const { generation, message, recipient, queueId } = asked;
  return {
    key: `${begin}${generation}.${message}.${recipient}.${encodeURIComponent(queueId)}:${domain}`,
    domain,
  };
}

/** @param key - without a demand about TLS */
export function isAsked(key: string): boolean {
  return key.startsWith(begin);
}

/** The recipient in a key; undefined when it is no such key. @param key - without a demand about TLS */
export function askedRecipientOf(key: string): AskedRecipient | undefined {
  const parts = /^ask!(\d+)\.(\d+)\.(\d+)\.([^:]*):/.exec(key);
  if (parts === null) return undefined;
  const [, generation, message, recipient, queueId = ''] = parts;
  return {
    generation: Number(generation),
    message: Number(message),
    recipient: Number(recipient),
    queueId: decodeURIComponent(queueId),
  };
}
