// What this process has asked of the supervisor, and waits for.

import type { PasswordStored } from '../../channel/password-messages.ts';
import type { QueueStateSet } from '../../channel/queue-state-messages.ts';
import type { CrashTested } from '../../channel/crash-test-messages.ts';
import type { ReloadAnswer, RoleToSupervisor } from '../../channel/messages.ts';
import { AskedStore } from './asked-store.ts';
import { CrashTests } from './crash-tests.ts';
import { QueueStateRequests } from './queue-state-requests.ts';
import { ReloadRequests } from './reload-requests.ts';

export class SupervisorAnswers {
  readonly reloads = new ReloadRequests({ isWatched: true });
  readonly crashTests: CrashTests;
  readonly passwords: AskedStore;
  readonly queueStates: QueueStateRequests;

  constructor(tell: (message: RoleToSupervisor) => void) {
    this.crashTests = new CrashTests(tell);
    this.passwords = new AskedStore(tell);
    this.queueStates = new QueueStateRequests(tell);
  }

  take(
    message: ({ readonly kind: 'reloaded' } & ReloadAnswer) | CrashTested | PasswordStored | QueueStateSet,
  ): void {
    if (message.kind === 'reloaded') this.reloads.answered(message);
    else if (message.kind === 'queueStateSet') this.queueStates.answered(message);
    else if (message.kind === 'crashTested') this.crashTests.answered(message);
    else this.passwords.answered(message);
  }
}
