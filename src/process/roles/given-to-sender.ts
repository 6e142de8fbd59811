// What the supervisor has given to a sender's process: the certificates that it shows to other servers, and the secrets that it logs in
// with there.

import type { RoleToSupervisor, SupervisorToRole } from '../../channel/messages.ts';
import { LiveSrs } from '../../srs/live-srs.ts';
import { OwnPrograms, type Programs } from '../../deliver/pipe/programs.ts';
import { MailAliases } from './mail-aliases.ts';
import { OwnDeliveries, type SystemDeliveries } from '../../deliver/system/system-deliveries.ts';
import { MailboxUsers } from './mailbox-users.ts';
import { AskedPrograms } from './asked-programs.ts';
import { Secrets } from '../../deliver/login/secrets.ts';
import { ClientIdentities } from '../../tls/client-identities.ts';

type Given = Extract<SupervisorToRole, { readonly kind: 'identities' | 'secrets' | 'srs' | 'programEnded' }>;

export class GivenToSender {
  readonly identities = new ClientIdentities();
  readonly secrets = new Secrets();
  readonly srs: LiveSrs;
  /** Who runs programs. */
  readonly programs: Programs;
  /** Who delivers as users of the system. */
  readonly systemUsers: SystemDeliveries;
  /** Who has a mailbox. */
  readonly users = new MailboxUsers();
  /** Which names stand for other addresses. */
  readonly aliases = new MailAliases();
  readonly #asked: AskedPrograms | undefined;

  /** @param askSupervisor - of a process that is not root, though the supervisor is */
  constructor(srs = new LiveSrs(), askSupervisor?: (message: RoleToSupervisor) => void) {
    this.srs = srs;
    this.#asked = askSupervisor === undefined ? undefined : new AskedPrograms(askSupervisor);
    this.programs = this.#asked ?? new OwnPrograms();
    this.systemUsers = this.#asked ?? new OwnDeliveries();
  }

  take(message: Given): void {
    if (message.kind === 'identities') this.identities.use(message.identities);
    else if (message.kind === 'secrets') this.secrets.use(message.secrets);
    else if (message.kind === 'programEnded') this.#asked?.answered(message);
    else this.srs.use(message.secrets);
  }
}
