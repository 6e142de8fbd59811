// Shows the body of a message to stages while it arrives. Promises: a follower that throws ends nothing but its message, which is
// refused for now.

export type ShowPiece = (piece: Uint8Array) => void;

export class BodyFollowers {
  readonly #shows: ShowPiece[] = [];
  /** @param gathered - what has come of the body before */
  add(show: ShowPiece, gathered: readonly Uint8Array[]): void {
    for (const piece of gathered) show(piece);
    this.#shows.push(show);
  }

  /** @returns what a follower has thrown; undefined when all is well */
  show(piece: Uint8Array): unknown {
    try {
      for (const show of this.#shows) show(piece);
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
