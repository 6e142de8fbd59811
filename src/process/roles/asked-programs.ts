// Programs of a sender that is not root: those that run as another user, and deliveries to users of the system, the supervisor carries out.

import type { ProgramAnswer, RoleToSupervisor } from '../../channel/messages.ts';
import {
  OwnPrograms,
  type PipeEnd,
  type PipeRun,
  type Programs,
  refusedRun,
} from '../../deliver/pipe/programs.ts';
import type { SystemDeliveries, SystemRun } from '../../deliver/system/system-deliveries.ts';
import type { SystemEnd } from '../../deliver/system/system-runs.ts';

export class AskedPrograms implements Programs, SystemDeliveries {
  readonly #ask: (message: RoleToSupervisor) => void;
  readonly #own = new OwnPrograms();
  readonly #waiting = new Map<number, (end: SystemEnd) => void>();
  #lastId = 0;

  constructor(ask: (message: RoleToSupervisor) => void) {
    this.#ask = ask;
  }

  async run(run: PipeRun, signal: AbortSignal): Promise<PipeEnd> {
    if (run.way.as === undefined) return this.#own.run(run, signal);
    const end = await this.#asked(run, signal);
    if (end.kind === 'done' || end.kind === 'busy') return refusedRun('it was no program');
    return end.kind === 'fault' ? refusedRun(end.text) : end;
  }

  deliver(run: SystemRun, signal: AbortSignal): Promise<SystemEnd> {
    return this.#asked(run, signal);
  }

  #asked(
    { planKey, facts, file, isExpanded }: Omit<PipeRun, 'way'> & { readonly isExpanded?: boolean },
    signal: AbortSignal,
  ): Promise<SystemEnd> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<SystemEnd>();
    const abort = (): void => this.#ask({ kind: 'endProgram', id });
    this.#waiting.set(id, (end) => {
      signal.removeEventListener('abort', abort);
      resolve(end);
    });
    this.#ask({ kind: 'runProgram', id, planKey, facts, file, ...(isExpanded === true && { isExpanded }) });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    return promise;
  }

  answered({ id, end }: ProgramAnswer): void {
    this.#waiting.get(id)?.(end);
    this.#waiting.delete(id);
  }
}
