// What the supervisor has given to a sender's process: the certificates that it shows to other servers, and the secrets that it logs in
// with there.

import type { SupervisorToRole } from '../../channel/messages.ts';
import { Secrets } from '../../deliver/login/secrets.ts';
import { ClientIdentities } from '../../tls/client-identities.ts';

type Given = Extract<SupervisorToRole, { readonly kind: 'identities' | 'secrets' }>;

export class GivenToSender {
  readonly identities = new ClientIdentities();
  readonly secrets = new Secrets();

  take(message: Given): void {
    if (message.kind === 'identities') this.identities.use(message.identities);
    else this.secrets.use(message.secrets);
  }
}
