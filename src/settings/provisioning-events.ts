// What records of domains do to mail that comes in, for the log.

import type { Events } from '../log/events.ts';
import { type ProvisioningListener, provisioningStageName } from '../policy/stages/provisioning-stage.ts';

export function provisioningEvents(events: Pick<Events, 'happened'>): ProvisioningListener {
  return {
    discarded: ({ reversePath, helo, client, to }) =>
      events.happened('discarded', {
        from: reversePath,
        to,
        client: client === '' ? undefined : client,
        helo,
        stage: provisioningStageName,
        reason: 'its domain has state=discard',
      }),
    // As those of [[tap]].
    copied: ({ queueId, copyTo, address }) =>
      events.happened('copied', {
        id: queueId,
        to: copyTo,
        tap: provisioningStageName,
        side: 'recipient',
        address,
      }),
  };
}
