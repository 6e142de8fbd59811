// Sends mail to a content filter, which hands it back at a listener that skips all stages: its route takes the place of the one that the routing
// table has for the mail. That one counts when the mail is back.

import type { Answer, Audience, MailFacts, Stage, Verdict } from '../stage.ts';

export interface ContentFilterParts {
  readonly name: string;
  readonly audience: Audience | undefined;
  /** Name of the [[route]] to the filter. */
  readonly route: string;
}

export class ContentFilterStage implements Stage {
  readonly name: string;
  readonly audience: Audience | undefined;
  readonly #toFilter: Verdict;

  constructor({ name, audience, route }: ContentFilterParts) {
    this.name = name;
    this.audience = audience;
    // Of all recipients but those that get copies.
    this.#toFilter = { kind: 'continue', edits: [{ kind: 'set-route', route }] };
  }

  data(_facts: MailFacts): Answer {
    return this.#toFilter;
  }
}
