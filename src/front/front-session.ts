// What one incoming connection of a front end has at the central servers: a connection, which all its messages use, one after the other.

import type { CentreLine } from './centre-line.ts';
import { Handover } from './handover.ts';
import type { ToldClient } from './types.ts';

/** Where connections come from, and where those go that anybody may use. */
export interface LinePool {
  /** @throws {FrontError} */
  take(client: ToldClient): Promise<CentreLine>;
  give(line: CentreLine): void;
  /** Is its server still one of the configuration? */
  serves(line: CentreLine): boolean;
}

export class FrontSession {
  readonly #centres: LinePool;
  readonly #newQueueId: () => string;
  /** Waits for the next message. */
  #line: CentreLine | undefined;
  /** What was told of the client when it was opened. */
  #told = '';
  #isOver = false;

  constructor(centres: LinePool, newQueueId: () => string) {
    this.#centres = centres;
    this.#newQueueId = newQueueId;
  }

  /** A message of this client. */
  handover(client: ToldClient): Handover {
    return new Handover(
      {
        take: () => this.#take(client),
        give: (line) => this.#give(line, client),
      },
      this.#newQueueId,
    );
  }

  /** The client has gone. */
  end(): void {
    this.#isOver = true;
    this.#line?.quit();
    this.#line = undefined;
  }

  async #take(client: ToldClient): Promise<{ readonly line: CentreLine; readonly isFresh: boolean }> {
    const line = this.#line;
    this.#line = undefined;
    const isSame = this.#told === JSON.stringify(client);
    if (line?.isUsable === true && isSame && this.#centres.serves(line)) return { line, isFresh: false };
    line?.quit();
    const taken = await this.#centres.take(client);
    return { line: taken, isFresh: taken.told !== undefined };
  }

  /** A connection that knows nothing of a client serves any other; the others are kept as long as the client is there. */
  #give(line: CentreLine, client: ToldClient): void {
    if (line.told === undefined) this.#centres.give(line);
    else if (this.#isOver || !line.isUsable || this.#line !== undefined) line.quit();
    else {
      this.#line = line;
      this.#told = JSON.stringify(client);
    }
  }
}
