// clamd of ClamAV as a stage: it gets each message as it will leave, and says whether there is a virus in it. Promises: a clamd that is gone,
// hangs or says what nobody understands is a failure of the stage; mail is never refused for good by it, nor taken for clean.

import type { LeavingMessage } from '../leaving-message.ts';
import { type MarkedMail, markedVerdict } from '../marks.ts';
import { type AskInTurn, ScannerStage, type ScannerStageParts } from '../scanner-stage.ts';
import type { ContentFacts, Verdict } from '../stage.ts';
import { scan, type Scanned, type ScanParts } from './scan.ts';

export interface ClamdStageParts extends ScannerStageParts {
  readonly scan: ScanParts;
  readonly onVirus: MarkedMail;
}

const tooLarge = {
  reason: 'it is larger than what is scanned for viruses',
  told: 'This message is too large for the scan for viruses',
};

const clean: Verdict = { kind: 'continue', result: { verdict: 'clean' } };

export class ClamdStage extends ScannerStage {
  readonly #parts: ClamdStageParts;

  constructor(parts: ClamdStageParts) {
    super(parts, tooLarge);
    this.#parts = parts;
  }

  protected async scan(_facts: ContentFacts, message: LeavingMessage, ask: AskInTurn): Promise<Verdict> {
    return this.#verdict(await ask((signal) => scan(this.#parts.scan, message.read(), signal)));
  }

  #verdict(scanned: Scanned): Verdict {
    const { name, onVirus } = this.#parts;
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
        return this.tooLarge;
    }
  }
}
