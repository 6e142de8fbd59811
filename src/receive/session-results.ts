// What stages have found out, for stages after them. A result ends with what it was found out about: the client, what it said in HELO, or a
// message. Most sessions have none.

import type { StageResult } from '../policy/stage.ts';

/** What results are about. */
export type ResultScope = 'client' | 'session' | 'message';

export class SessionResults {
  /** The later scopes come first: they are the last that was found out. */
  readonly #all: Record<ResultScope, Map<string, StageResult> | undefined> = {
    message: undefined,
    session: undefined,
    client: undefined,
  };

  note(scope: ResultScope, stage: string, result: StageResult): void {
    (this.#all[scope] ??= new Map()).set(stage, result);
  }

  forget(scope: ResultScope): void {
    this.#all[scope] = undefined;
  }

  of(stage: string): StageResult | undefined {
    const { message, session, client } = this.#all;
    return message?.get(stage) ?? session?.get(stage) ?? client?.get(stage);
  }

  /** By the names of stages; undefined when there are none. */
  get all(): Readonly<Record<string, StageResult>> | undefined {
    const { message, session, client } = this.#all;
    if ((message ?? session ?? client) === undefined) return undefined;
    return Object.fromEntries([...(client ?? []), ...(session ?? []), ...(message ?? [])]);
  }
}
