// What this process has asked of the supervisor, and waits for.

import type { PasswordStored } from '../../channel/password-messages.ts';
import type { CrashTested, ReloadAnswer, RoleToSupervisor } from '../../channel/messages.ts';
import { AskedStore } from './asked-store.ts';
import { CrashTests } from './crash-tests.ts';
import { ReloadRequests } from './reload-requests.ts';

export class SupervisorAnswers {
  readonly reloads = new ReloadRequests({ isWatched: true });
  readonly crashTests: CrashTests;
  readonly passwords: AskedStore;

  constructor(tell: (message: RoleToSupervisor) => void) {
    this.crashTests = new CrashTests(tell);
    this.passwords = new AskedStore(tell);
  }

  take(message: ({ readonly kind: 'reloaded' } & ReloadAnswer) | CrashTested | PasswordStored): void {
    if (message.kind === 'reloaded') this.reloads.answered(message);
    else if (message.kind === 'crashTested') this.crashTests.answered(message);
    else this.passwords.answered(message);
  }
}
