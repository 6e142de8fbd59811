// The end of a list of policy servers: what they have said that waits for the others, or is about the message as a whole, is done here. It asks
// nobody, and cannot fail.

import type { PolicyPoint } from '../../values/policy-points.ts';
import {
  type Answer,
  type ContentFacts,
  type Facts,
  goOn,
  type MailFacts,
  type Point,
  type RcptFacts,
  type SessionFacts,
  type Stage,
} from '../stage.ts';
import type { PolicyList } from './policy-list.ts';

export class PolicyListEnd implements Stage {
  readonly name: string;
  /** Who was permitted by somebody else is not redirected less. */
  readonly isAskedAfterAccept = true;
  readonly #list: PolicyList;
  readonly #points: ReadonlySet<Point>;

  /** @param points - those at which one of the list is asked */
  constructor(name: string, list: PolicyList, points: ReadonlySet<PolicyPoint>) {
    this.name = name;
    this.#list = list;
    this.#points = new Set(
      // What was said of a message at a recipient is done at DATA, when all recipients are known.
      [...points, 'data' as const].map((point) => (point === 'end-of-data' ? 'content' : point)),
    );
  }

  asksAt(point: Point): boolean {
    return this.#points.has(point);
  }

  connect(facts: SessionFacts): Answer {
    return this.#end('connect', facts);
  }

  helo(facts: SessionFacts): Answer {
    return this.#end('helo', facts);
  }

  mail(facts: MailFacts): Answer {
    return this.#end('mail', facts);
  }

  rcpt(facts: RcptFacts): Answer {
    return this.#end('rcpt', facts);
  }

  data(facts: MailFacts): Answer {
    return this.#end('data', facts);
  }

  content(facts: ContentFacts): Answer {
    return this.#end('end-of-data', facts);
  }

  transactionEnded(facts: SessionFacts): void {
    this.#list.forgetMessage(facts);
  }

  #end(point: PolicyPoint, known: SessionFacts): Answer {
    const facts = known as Facts;
    const reply = this.#list.end(point, facts)?.ifPermit;
    if (reply !== undefined) return { kind: 'tempfail', reply };
    if (point !== 'data' && point !== 'end-of-data') return goOn;
    const edits = this.#list.takeEdits(facts);
    return edits.length === 0 ? goOn : { kind: 'continue', edits };
  }
}
