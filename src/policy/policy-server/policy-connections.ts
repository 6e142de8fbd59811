// The connections to one policy server, which the sessions of a process share. Promises: they are bounded, and so is the line of those who wait
// for one; a question that meets a connection which the server has closed meanwhile is asked once more, on a new one.

import type { IdleConnections } from '../idle-connections.ts';
import { type InLine, inTurn, type TurnParts } from '../in-turn.ts';
import { PolicyConnection, type PolicyConnectionParts } from './policy-connection.ts';

export interface PolicyConnectionsParts {
  readonly turn: TurnParts;
  readonly connection: PolicyConnectionParts;
  readonly idle: IdleConnections<PolicyConnection>;
  /** How long one connection is used. */
  readonly longestMs: number;
}

export class PolicyConnections {
  readonly #parts: PolicyConnectionsParts;

  constructor(parts: PolicyConnectionsParts) {
    this.#parts = parts;
  }

  /**
   * Asks one question.
   * @param session - what is asked ends when it has gone
   * @returns the actions of the answer
   * @throws {StageBusy} when too many sessions wait for a connection; {Error} with a clause about what else went wrong
   */
  ask(request: Buffer, session: InLine): Promise<readonly string[]> {
    return inTurn(this.#parts.turn, session, (signal) => this.#askInTurn(request, signal));
  }

  async #askInTurn(request: Buffer, signal: AbortSignal): Promise<readonly string[]> {
    const { idle, connection } = this.#parts;
    const used = idle.take();
    if (used !== undefined) {
      try {
        return await this.#askOn(used, request, signal);
      } catch (error) {
        // It may have been at its end without anybody knowing.
        if (!used.isUnheard || signal.aborted) throw error;
      }
    }
    return this.#askOn(new PolicyConnection(connection), request, signal);
  }

  async #askOn(
    connection: PolicyConnection,
    request: Buffer,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { idle, longestMs, connection: parts } = this.#parts;
    const actions = await connection.ask(request, signal);
    if (parts.deadlines.nowMs - connection.openedAtMs >= longestMs) connection.quit();
    else if (!connection.isGone) idle.keep(connection);
    return actions;
  }
}
