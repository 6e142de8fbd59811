// Commands ahead of MAIL whose replies decide nothing: XFORWARD, which is for the log of the server.

import type { ClientTransaction } from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';
import { xforwardCommands } from './xforward.ts';

export class CommandsAhead {
  readonly #commands: readonly string[];
  #answered = 0;

  private constructor(commands: readonly string[]) {
    this.#commands = commands;
  }

  /** Undefined when there are none. */
  static of(
    { forwarded }: Pick<ClientTransaction, 'forwarded'>,
    { xforward }: Pick<ServerExtensions, 'xforward'>,
  ): CommandsAhead | undefined {
    if (forwarded === undefined || xforward.length === 0) return undefined;
    return new CommandsAhead(xforwardCommands(forwarded, xforward));
  }

  /** All of them, with their CRLFs. */
  get all(): string {
    return this.#commands.join('');
  }

  /** The oldest without an answer; undefined when all were answered. */
  get next(): string | undefined {
    return this.#commands[this.#answered];
  }

  /** Takes the reply to the oldest. */
  answered(): void {
    this.#answered++;
  }
}
