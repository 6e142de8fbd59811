// Which tap an envelope is copied by: the sender first, then the recipients in their order; the first hit counts. Promises: with ten thousand
// taps an address costs microseconds, since only those are tried whose expression can match it at all.

import type { Tap } from './tap-file.ts';

/** The lengths of the pieces by which taps are found: a long one where the expression has one, since fewer share it. */
const pieceLengths = [6, 3] as const;

export interface TapHit {
  readonly tap: Tap;
  /** The address that it is for. */
  readonly address: string;
  readonly isSender: boolean;
}

export class TapRules {
  readonly #taps: readonly Tap[];
  /** Of a piece that an address must have in it, the numbers of taps. */
  readonly #byPiece = new Map<string, number[]>();
  /** Taps that are tried with every address, in order. */
  readonly #always: number[] = [];

  constructor(taps: readonly Tap[]) {
    this.#taps = taps;
    const counts = new Map<string, number>();
    for (const tap of taps) {
      for (const piece of piecesOfTap(tap)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
    for (const [index, tap] of taps.entries()) {
      const pieces = piecesOfTap(tap);
      if (pieces.length === 0) {
        this.#always.push(index);
        continue;
      }
      // Many expressions end with the same domain: the piece that fewest have tells them apart.
      const rarest = pieces.reduce((best, piece) =>
        (counts.get(piece) ?? 0) < (counts.get(best) ?? 0) ? piece : best,
      );
      const known = this.#byPiece.get(rarest);
      if (known === undefined) this.#byPiece.set(rarest, [index]);
      else known.push(index);
    }
  }

  get isEmpty(): boolean {
    return this.#taps.length === 0;
  }

  /** @param reversePath - empty for the null sender */
  find(reversePath: string, recipients: readonly string[]): TapHit | undefined {
    const ofSender = this.#first(reversePath, 'recipient');
    if (ofSender !== undefined) return { tap: ofSender, address: reversePath, isSender: true };
    for (const address of recipients) {
      const tap = this.#first(address, 'sender');
      if (tap !== undefined) return { tap, address, isSender: false };
    }
    return undefined;
  }

  /** @param except - taps of this side are not for the address */
  #first(address: string, except: Tap['side']): Tap | undefined {
    const text = address.toLowerCase();
    for (const index of this.#candidates(text)) {
      const tap = this.#taps[index];
      if (tap === undefined || tap.side === except) continue;
      const { expression, isNegated } = tap;
      if ((text.includes(expression.required) && expression.matches(address)) !== isNegated) return tap;
    }
    return undefined;
  }

  /** The numbers of taps that may match, in order. */
  #candidates(text: string): readonly number[] {
    if (this.#byPiece.size === 0) return this.#always;
    const found: number[] = [];
    for (const length of pieceLengths) {
      for (const piece of piecesOf(text, length)) {
        const taps = this.#byPiece.get(piece);
        if (taps !== undefined) found.push(...taps);
      }
    }
    if (found.length === 0) return this.#always;
    return [...new Set([...found, ...this.#always])].toSorted((a, b) => a - b);
  }
}

/** The pieces that an address must have for a tap to match; none when it may match without any. */
function piecesOfTap({ expression: { required }, isNegated }: Tap): readonly string[] {
  if (isNegated) return [];
  const length = pieceLengths.find((each) => required.length >= each);
  return length === undefined ? [] : piecesOf(required, length);
}

function piecesOf(text: string, length: number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at + length <= text.length; at++) pieces.push(text.slice(at, at + length));
  return pieces;
}
