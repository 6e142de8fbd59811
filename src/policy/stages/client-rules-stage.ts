// Which rule of the table of clients holds for a client: at connect by its address and name, after a log-in by its user. A rule refuses
// the client, or says what it may do; at RCPT, what the rule appends to recipients is appended.
// Promises: a table or a name that cannot be told is never a refusal for good, and lets nobody in whom a rule by name could refuse. A rule
// gives no right to relay to a client that nobody knows.

import { appendSuffix } from '../../address/append-suffix.ts';
import type { HeldRule, NameEffects, RuleSet } from '../../table/rules/rule-set.ts';
import type { RuleTable } from '../../table/rules/rule-table.ts';
import type { ClientNames } from '../client-names.ts';
import {
  type Answer,
  type ClientFacts,
  goOn,
  type RcptFacts,
  type SessionFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';
import { ruleVerdict, userVerdict, verdictWithoutName, verdictWithoutRelay } from './rule-verdicts.ts';

/** RFC 3463 3.4: a fault of our own system. */
const cannotTell: Verdict = {
  kind: 'tempfail',
  reply: { code: 421, enhanced: '4.3.0', text: 'The rules for clients cannot be read now, try again later' },
};
/** RFC 4954 6: 454 when a log-in is not possible for now. */
const cannotTellOfUser: Verdict = { ...cannotTell, reply: { ...cannotTell.reply, code: 454 } };
/** RFC 3463 3.2: bad destination mailbox address syntax. */
const cannotAppend: Verdict = {
  kind: 'reject',
  reply: { code: 553, enhanced: '5.1.3', text: 'This address cannot be passed on as it has to be for you' },
};

export class ClientRulesStage implements Stage {
  readonly name = 'client-rules';
  readonly #table: RuleTable;
  readonly #names: Pick<ClientNames, 'of'>;
  readonly #usualMaxBytes: number;
  /** Made once for each rule. */
  readonly #verdicts = new WeakMap<HeldRule, Verdict>();

  /** @param usualMaxBytes - the largest message where no rule says another one */
  constructor(table: RuleTable, names: Pick<ClientNames, 'of'>, usualMaxBytes: number) {
    this.#table = table;
    this.#names = names;
    this.#usualMaxBytes = usualMaxBytes;
  }

  connect({ client, principal }: SessionFacts): Answer {
    return this.#ask(cannotTell, (rules) => this.#ofClient(rules, client, principal));
  }

  auth({ user }: SessionFacts): Answer {
    if (user === undefined) return goOn;
    return this.#ask(cannotTellOfUser, (rules) => userVerdict(rules.findUser(user.address)));
  }

  rcpt({ client, recipient }: RcptFacts): Verdict {
    const { relay = '' } = client.rule ?? {};
    if (relay === '') return goOn;
    const address = appendSuffix(recipient.address, relay);
    return address === undefined
      ? cannotAppend
      : { kind: 'continue', edits: [{ kind: 'change-recipient', address }] };
  }

  /** @param failing - the verdict of a table that cannot tell */
  #ask(failing: Verdict, decide: (rules: RuleSet) => Answer): Answer {
    const answer = this.#table.rules();
    if (answer instanceof Promise)
      return answer.then((known) => (known.kind === 'rules' ? decide(known.rules) : failing));
    return answer.kind === 'rules' ? decide(answer.rules) : failing;
  }

  #ofClient(rules: RuleSet, { address, frontEnd }: ClientFacts, principal: string | undefined): Answer {
    // Whom a front end knows as a user is one.
    const ofUser = principal === undefined ? undefined : rules.findUser(principal);
    if (ofUser !== undefined) return this.#verdictOf(ofUser);
    if (address === '') return this.#verdictOf(rules.findLocal());
    const held = rules.find(address);
    // The client that a front end does not know counts as the front end, and has no right by its address.
    if (frontEnd?.knowsClient === false) return verdictWithoutRelay(held);
    const effects = rules.nameEffects(address, held);
    if (!effects.any) return this.#verdictOf(held);
    const { clientName } = frontEnd ?? {};
    if (clientName !== undefined) return this.#verdictOf(rules.find(address, [clientName.toLowerCase()]));
    return this.#byName(rules, address, held, effects);
  }

  /** @param held - the rule that holds if it has no name */
  async #byName(
    rules: RuleSet,
    address: string,
    held: HeldRule | undefined,
    effects: NameEffects,
  ): Promise<Verdict> {
    const found = await this.#names.of(address);
    switch (found.kind) {
      case 'names':
        // The DNS gives them in any order, and the rule is always to be the same.
        return this.#verdictOf(rules.find(address, found.names.toSorted()));
      case 'failed':
        return verdictWithoutName(held, effects, this.#usualMaxBytes);
      default:
        return this.#verdictOf(held);
    }
  }

  #verdictOf(held: HeldRule | undefined): Verdict {
    if (held === undefined) return goOn;
    let verdict = this.#verdicts.get(held);
    if (verdict === undefined) this.#verdicts.set(held, (verdict = ruleVerdict(held)));
    return verdict;
  }
}
