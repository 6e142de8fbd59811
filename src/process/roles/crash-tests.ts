// In the control process: crash tests that operators ask for, passed to the supervisor.

import { SluiceError } from '../../errors/sluice-error.ts';
import type { CrashTestAnswer, CrashTestQuestion } from '../../control/operations/crash-test.ts';
import type { CrashTested } from '../../channel/crash-test-messages.ts';
import type { RoleToSupervisor } from '../../channel/messages.ts';

export class CrashTests {
  readonly #tell: (message: RoleToSupervisor) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<CrashTestAnswer>>();
  #lastId = 0;

  constructor(tell: (message: RoleToSupervisor) => void) {
    this.#tell = tell;
  }

  /** Resolves just before the process crashes. @throws {SluiceError} `CRASH_TEST` when there is no such process */
  ask({ role, index, by }: CrashTestQuestion): Promise<CrashTestAnswer> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<CrashTestAnswer>();
    this.#waiting.set(id, answer);
    this.#tell({ kind: 'crashTest', id, role, index, by });
    return answer.promise;
  }

  answered({ id, pid }: CrashTested): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (pid !== undefined) answer?.resolve({ pid });
    else answer?.reject(noSuchProcess());
  }
}

export function noSuchProcess(): SluiceError {
  return new SluiceError(
    'CRASH_TEST',
    'Testing a crash: no such process runs.',
    '"sluice status" and "ps" show what runs. The keys process runs only where there are users or keys that sign; with processes.single_process = true there are no processes of roles.',
  );
}
