// What the supervisor has given to a sender's process: the certificates that it shows to other servers, and the secrets that it logs in
// with there.

import type { SupervisorToRole } from '../../channel/messages.ts';
import { LiveSrs } from '../../srs/live-srs.ts';
import { OwnPrograms, type Programs } from '../../deliver/pipe/programs.ts';
import { Secrets } from '../../deliver/login/secrets.ts';
import { ClientIdentities } from '../../tls/client-identities.ts';

type Given = Extract<SupervisorToRole, { readonly kind: 'identities' | 'secrets' | 'srs' }>;

export class GivenToSender {
  readonly identities = new ClientIdentities();
  readonly secrets = new Secrets();
  readonly srs: LiveSrs;
  /** Who runs programs. */
  programs: Programs = new OwnPrograms();

  constructor(srs = new LiveSrs()) {
    this.srs = srs;
  }

  take(message: Given): void {
    if (message.kind === 'identities') this.identities.use(message.identities);
    else if (message.kind === 'secrets') this.secrets.use(message.secrets);
    else this.srs.use(message.secrets);
  }
}
