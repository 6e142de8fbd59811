// clamd of ClamAV as a stage: it gets each message as it will leave, and says whether there is a virus in it. Promises: a clamd that is gone,
// hangs or says what nobody understands is a failure of the stage; mail is never refused for good by it, nor taken for clean.

import { AskedSessions, inTurn, type TurnParts } from '../in-turn.ts';
import { type LeavingMessage, leavingMessage } from '../leaving-message.ts';
import { type MarkedMail, markedVerdict } from '../marks.ts';
import type {
  Answer,
  Audience,
  Breaker,
  ContentFacts,
  FailureAnswer,
  SessionFacts,
  Stage,
  Verdict,
} from '../stage.ts';
import { scan, type Scanned, type ScanParts } from './scan.ts';

export interface ClamdStageParts {
  readonly name: string;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly turn: TurnParts;
  readonly scan: ScanParts;
  /** A larger message is not handed to it. */
  readonly maxSizeBytes: number;
  readonly onVirus: MarkedMail;
  readonly onTooLarge: MarkedMail['action'];
}

/** For the stage's own limit to come first. */
const graceMs = 10_000;

const tooLarge = {
  reason: 'it is larger than what is scanned for viruses',
  told: 'This message is too large for the scan for viruses',
  result: { verdict: 'too-large' },
};

const clean: Verdict = { kind: 'continue', result: { verdict: 'clean' } };

export class ClamdStage implements Stage {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly #parts: ClamdStageParts;
  readonly #asked = new AskedSessions();

  constructor(parts: ClamdStageParts) {
    this.name = parts.name;
    this.timeLimitMs = parts.turn.limitMs + graceMs;
    this.onFailure = parts.onFailure;
    this.audience = parts.audience;
    this.breaker = parts.breaker;
    this.#parts = parts;
  }

  content(facts: ContentFacts): Answer {
    const message = leavingMessage(facts);
    if (message.sizeBytes > this.#parts.maxSizeBytes) return this.#verdict({ kind: 'too-large' });
    return this.#ask(facts, message);
  }

  transactionEnded(facts: SessionFacts): void {
    this.#asked.end(facts);
  }

  async #ask(facts: ContentFacts, message: LeavingMessage): Promise<Verdict> {
    const { turn, scan: parts } = this.#parts;
    const session = this.#asked.begin(facts);
    return this.#verdict(await inTurn(turn, session, (signal) => scan(parts, message.read(), signal)));
  }

  #verdict(scanned: Scanned): Verdict {
    const { name, onVirus, onTooLarge } = this.#parts;
    switch (scanned.kind) {
      case 'clean':
        return clean;
      case 'virus':
        return markedVerdict(onVirus, {
          reason: `${name} found the virus ${scanned.name}`,
          told: `This message has the virus ${scanned.name}`,
          result: { verdict: 'virus', virus: scanned.name },
        });
      case 'too-large':
        return markedVerdict({ action: onTooLarge, route: undefined, field: undefined }, tooLarge);
    }
  }
}
