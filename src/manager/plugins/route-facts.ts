// What a plugin is told of a recipient whose way is asked for.

import type { MessageHead } from '../../message/envelope.ts';
import type { RouteFacts } from '../../plugin/delivery-types.ts';

/** @param usual - the name of the route that it takes if no plugin decides; empty for the MX */
export function routeFactsOf(
  { envelope, sizeBytes }: MessageHead,
  recipient: string,
  domain: string,
  usual: string,
): RouteFacts {
  const { queueId, reversePath, tenant = '', receivedAtMs, priority, origin } = envelope;
  const { via, clientAddress, helo } = origin;
  return {
    queueId,
    sender: reversePath,
    recipient,
    domain,
    tenant,
    sizeBytes,
    receivedAtMs,
    priority,
    via,
    clientAddress,
    helo,
    usual,
  };
}
