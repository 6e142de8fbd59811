// What stages have in common that hand each whole message to a scanner: the largest message, a place in line, and an end when the client has gone.

import { ConfiguredStage, type ConfiguredStageValues } from './configured-stage.ts';
import { AskedSessions, inTurn, type TurnParts } from './in-turn.ts';
import { type LeavingMessage, leavingMessage } from './leaving-message.ts';
import { type MarkedBecause, type MarkedMail, markedVerdict } from './marks.ts';
import type { Answer, ContentFacts, SessionFacts, Verdict } from './stage.ts';

export interface ScannerStageParts extends ConfiguredStageValues {
  readonly turn: TurnParts;
  /** A larger message is not handed to it. */
  readonly maxSizeBytes: number;
  readonly onTooLarge: MarkedMail['action'];
}

/** Asks in a place of the stage, see `inTurn`. */
export type AskInTurn = <A>(ask: (signal: AbortSignal) => Promise<A>) => Promise<A>;

/** For the stage's own limit to come first. */
const graceMs = 10_000;

export abstract class ScannerStage extends ConfiguredStage {
  /** What becomes of a message that is too large for the scanner. */
  protected readonly tooLarge: Verdict;
  readonly #turn: TurnParts;
  readonly #maxSizeBytes: number;
  readonly #asked = new AskedSessions();

  /** @param tooLarge - about a message that is too large for it */
  constructor(parts: ScannerStageParts, tooLarge: Pick<MarkedBecause, 'reason' | 'told'>) {
    super(parts, parts.turn.limitMs + graceMs);
    this.#turn = parts.turn;
    this.#maxSizeBytes = parts.maxSizeBytes;
    this.tooLarge = markedVerdict(
      { action: parts.onTooLarge, route: undefined, field: undefined },
      { ...tooLarge, result: { verdict: 'too-large' } },
    );
  }

  content(facts: ContentFacts): Answer {
    const message = leavingMessage(facts);
    if (message.sizeBytes > this.#maxSizeBytes) return this.tooLarge;
    const session = this.#asked.begin(facts);
    return this.scan(facts, message, (ask) => inTurn(this.#turn, session, ask));
  }

  transactionEnded(facts: SessionFacts): void {
    this.#asked.end(facts);
  }

  protected abstract scan(facts: ContentFacts, message: LeavingMessage, ask: AskInTurn): Promise<Verdict>;
}
