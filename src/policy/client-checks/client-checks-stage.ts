// Checks how a client shows itself: HELO, its name in the reverse DNS, the domain of its sender. Look-ups begin at MAIL, and are waited for at RCPT.
// Promises: each check has its own consequence; a fault of the DNS is never a refusal for good.

import { domainOf } from '../../address/domain.ts';
import { type CheckAction, checkActions, type ClientCheck, clientChecks } from '../../values/client-check.ts';
import type { Exemptions } from '../defences/exemptions.ts';
import { markEdits, tooManyForged } from '../defences/mark-field.ts';
import { MessagesAsked } from '../defences/messages-asked.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  goOn,
  type HeadersFacts,
  type MailFacts,
  type Point,
  type RcptFacts,
  type StageResult,
  type Verdict,
} from '../stage.ts';
import type { StageTally } from '../stage-tally.ts';
import { replyOf, unknownReply } from './check-replies.ts';
import {
  checkByLookups,
  type CheckOutcome,
  type CheckSurroundings,
  checkWithoutLookups,
  type ShownClient,
} from './failed-checks.ts';

export interface ClientChecksParts extends ConfiguredStageValues {
  readonly timeLimitMs: number;
  readonly actions: Readonly<Record<ClientCheck, CheckAction>>;
  /** For checks that cannot be made now. */
  readonly lookupFailure: 'off' | 'mark' | 'tempfail';
  readonly exemptions: Pick<Exemptions, 'hasMail' | 'hasName'>;
  /** The field by which mail is marked. */
  readonly field: string;
  readonly surroundings: Omit<CheckSurroundings, 'ownAddress'>;
  /** Counts the checks that have failed. */
  readonly tally: Pick<StageTally, 'answered'>;
}

/** What is known of a message. */
interface Message {
  readonly shown: ShownClient;
  readonly outcome: Promise<CheckOutcome>;
}

export class ClientChecksStage extends ConfiguredStage {
  readonly #parts: ClientChecksParts;
  readonly #marks: boolean;
  readonly #messages: MessagesAsked<Message>;

  constructor(parts: ClientChecksParts) {
    super(parts, parts.timeLimitMs);
    this.#parts = parts;
    this.#messages = new MessagesAsked(parts.exemptions);
    this.#marks = parts.lookupFailure === 'mark' || Object.values(parts.actions).includes('mark');
  }

  asksAt(point: Point): boolean {
    return point !== 'headers' || this.#marks;
  }

  mail(facts: MailFacts): Verdict {
    return this.#messages.begin(facts, () => this.#ask(facts));
  }

  #ask(facts: MailFacts): Message {
    const { surroundings } = this.#parts;
    const shown = shownClient(facts);
    const { frontEnd } = facts.client;
    const all = {
      ...surroundings,
      ownAddress: frontEnd === undefined ? facts.connection.localAddress : frontEnd.destination,
    };
    const atOnce = checkWithoutLookups(shown, all);
    const outcome = checkByLookups(shown, all, (check) => this.#isWanted(check)).then((found) => ({
      ...found,
      failed: [...atOnce, ...found.failed],
    }));
    return { shown, outcome };
  }

  rcpt(facts: RcptFacts): Answer {
    return this.#messages.recipient(facts, (message) => this.#decide(facts, message));
  }

  headers(facts: HeadersFacts): Answer {
    const message = this.#messages.of(facts);
    if (message === undefined) return goOn;
    return message.outcome.then(({ failed, unknown }) => {
      const marked = [
        ...failed.filter((check) => this.#isWanted(check)),
        ...(this.#parts.lookupFailure === 'mark' ? unknown.filter((check) => this.#isWanted(check)) : []),
      ];
      const edits = markEdits(
        facts.header,
        this.#parts.field,
        marked.length === 0 ? undefined : marked.join(', '),
      );
      return edits === undefined ? { kind: 'reject', reply: tooManyForged } : { kind: 'continue', edits };
    });
  }

  async #decide(facts: MailFacts, message: Message): Promise<Verdict> {
    const outcome = await message.outcome;
    if (!facts.isTrial)
      for (const check of outcome.failed)
        if (this.#isWanted(check)) this.#parts.tally.answered(`failed:${check}`);
    return this.#verdict(message.shown, outcome);
  }

  #verdict(shown: ShownClient, { failed, unknown, name }: CheckOutcome): Verdict {
    const { actions, lookupFailure } = this.#parts;
    const wanted = clientChecks.filter((check) => failed.includes(check) && this.#isWanted(check));
    const worst = wanted.toSorted((a, b) => severity(actions[b]) - severity(actions[a]))[0];
    const action = worst === undefined ? 'off' : actions[worst];
    const unsure = unknown.find((check) => this.#isWanted(check));
    if (worst !== undefined && action === 'reject')
      return { kind: action, reply: replyOf(action, worst, shown) };
    if (worst !== undefined && action === 'tempfail')
      return { kind: action, reply: replyOf(action, worst, shown) };
    if (unsure !== undefined && lookupFailure === 'tempfail')
      return { kind: 'tempfail', reply: unknownReply(unsure, shown) };
    const result: StageResult = { failed: wanted.join(' '), unknown: unknown.join(' '), name, action };
    if (action === 'quarantine')
      return { kind: 'quarantine', reason: `client checks: ${wanted.join(', ')}`, result };
    return { kind: 'continue', result };
  }

  #isWanted(check: ClientCheck): boolean {
    return this.#parts.actions[check] !== 'off';
  }
}

function severity(action: CheckAction): number {
  return checkActions.indexOf(action);
}

/** A client that a front end does not know has no address that could be looked up. */
function shownClient({ client, helo, transaction }: MailFacts): ShownClient {
  const [address = ''] = client.frontEnd?.knowsClient === false ? [''] : client.address.split('%', 1);
  return { address, helo, senderDomain: domainOf(transaction.reversePath) };
}
