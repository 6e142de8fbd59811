// Which tap an envelope is copied by: the sender first, then the recipients in their order; the first hit counts. Promises: with ten thousand
// taps an address costs microseconds, since only those are tried whose expression can match it at all.

import { atOnce } from '../../io/slices.ts';
import { type Tap, tapsOfFile } from './tap-file.ts';

/** The lengths of the pieces by which taps are found: a long one where the expression has one, since fewer share it. */
const pieceLengths = [6, 3] as const;

export interface TapHit {
  readonly tap: Tap;
  /** The address that it is for. */
  readonly address: string;
  readonly isSender: boolean;
}

/** Which taps an address has to be compared with. */
interface TapIndex {
  /** Of a piece that an address must have in it, the numbers of taps. */
  readonly byPiece: ReadonlyMap<string, readonly number[]>;
  /** Taps that are tried with every address, in order. */
  readonly always: readonly number[];
}

export class TapRules {
  readonly #taps: readonly Tap[];
  readonly #byPiece: TapIndex['byPiece'];
  readonly #always: TapIndex['always'];

  /** @param index - of these taps, when it is made already */
  constructor(taps: readonly Tap[], index = atOnce(indexOf(taps))) {
    this.#taps = taps;
    this.#byPiece = index.byPiece;
    this.#always = index.always;
  }

  /** How many taps there are. */
  get count(): number {
    return this.#taps.length;
  }

  /** The taps as they are shown to people. */
  get texts(): readonly string[] {
    return this.#taps.map(({ text }) => text);
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
      if (isMatch(expression, address, text) !== isNegated) return tap;
    }
    return undefined;
  }

  /** The numbers of taps that may match, in order. */
  #candidates(text: string): readonly number[] {
    if (this.#byPiece.size === 0) return this.#always;
    const found: number[] = [];
    for (const length of pieceLengths) {
      for (const piece of piecesOf(text, length)) {
        // One by one: there may be more of them than a call takes arguments.
        for (const tap of this.#byPiece.get(piece) ?? []) found.push(tap);
      }
    }
    if (found.length === 0) return this.#always;
    return [...new Set([...found, ...this.#always])].toSorted((a, b) => a - b);
  }
}

/** @param text - the address in lower case */
function isMatch({ required, matches }: Tap['expression'], address: string, text: string): boolean {
  return required.every((each) => text.includes(each)) && matches(address);
}

/** The rules of a file, as work in slices. */
export function* tapRulesOf(text: string): Generator<undefined, TapRules> {
  const taps = yield* tapsOfFile(text);
  return new TapRules(taps, yield* indexOf(taps));
}

function* indexOf(taps: readonly Tap[]): Generator<undefined, TapIndex> {
  const byPiece = new Map<string, number[]>();
  const always: number[] = [];
  const counts = new Map<string, number>();
  for (const tap of taps) {
    for (const piece of piecesOfTap(tap)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    yield;
  }
  for (const [index, tap] of taps.entries()) {
    yield;
    const pieces = piecesOfTap(tap);
    if (pieces.length === 0) {
      always.push(index);
      continue;
    }
    // Many expressions end with the same domain, or begin with the same word: the piece that fewest have tells them apart.
    const rarest = pieces.reduce((best, piece) =>
      (counts.get(piece) ?? 0) < (counts.get(best) ?? 0) ? piece : best,
    );
    const known = byPiece.get(rarest);
    if (known === undefined) byPiece.set(rarest, [index]);
    else known.push(index);
  }
  return { byPiece, always };
}

/** The pieces that an address must have for a tap to match; none when it may match without any. */
function piecesOfTap({ expression: { required }, isNegated }: Tap): readonly string[] {
  if (isNegated) return [];
  return required.flatMap((text) => {
    const length = pieceLengths.find((each) => text.length >= each);
    return length === undefined ? [] : piecesOf(text, length);
  });
}

function piecesOf(text: string, length: number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at + length <= text.length; at++) pieces.push(text.slice(at, at + length));
  return pieces;
}
