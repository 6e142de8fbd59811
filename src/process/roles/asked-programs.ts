// Programs of a sender that is not root: those that run as another user, the supervisor runs.

import type { ProgramAnswer, RoleToSupervisor } from '../../channel/messages.ts';
import { OwnPrograms, type PipeEnd, type PipeRun, type Programs } from '../../deliver/pipe/programs.ts';

export class AskedPrograms implements Programs {
  readonly #ask: (message: RoleToSupervisor) => void;
  readonly #own = new OwnPrograms();
  readonly #waiting = new Map<number, (end: PipeEnd) => void>();
  #lastId = 0;

  constructor(ask: (message: RoleToSupervisor) => void) {
    this.#ask = ask;
  }

  run(run: PipeRun, signal: AbortSignal): Promise<PipeEnd> {
    if (run.way.as === undefined) return this.#own.run(run, signal);
    const id = ++this.#lastId;
    const { planKey, facts, file } = run;
    const { promise, resolve } = Promise.withResolvers<PipeEnd>();
    const abort = (): void => this.#ask({ kind: 'endProgram', id });
    this.#waiting.set(id, (end) => {
      signal.removeEventListener('abort', abort);
      resolve(end);
    });
    this.#ask({ kind: 'runProgram', id, planKey, facts, file });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    return promise;
  }

  answered({ id, end }: ProgramAnswer): void {
    this.#waiting.get(id)?.(end);
    this.#waiting.delete(id);
  }
}
