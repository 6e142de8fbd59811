// Which rule of the table of clients holds for a client: at connect by its address and name, after a log-in by its user. A rule refuses
// the client, or says what it may do; at RCPT, what the rule appends to recipients is appended.
// Promises: a table that cannot tell is a temporary error; a rule gives no right to relay to a client that nobody knows.

import { appendSuffix } from '../../address/append-suffix.ts';
import type { AllowingRule, RefusingRule } from '../../table/rules/client-rule.ts';
import type { HeldRule, RuleSet } from '../../table/rules/rule-set.ts';
import type { RulesAnswer, RuleTable } from '../../table/rules/rule-table.ts';
import {
  type Answer,
  type ClientRuleFacts,
  goOn,
  type RcptFacts,
  type SessionFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';

/** RFC 3463 3.4: a fault of our own system. */
const cannotTell: Verdict = {
  kind: 'tempfail',
  reply: { code: 421, enhanced: '4.3.0', text: 'The rules for clients cannot be read now, try again later' },
};
/** RFC 4954 6: 454 when a log-in is not possible for now. */
const cannotTellOfUser: Verdict = { ...cannotTell, reply: { ...cannotTell.reply, code: 454 } };
/** RFC 3463 3.8: no mail from this client. */
const refusedForGood = 'No mail is taken from you';
const refusedForNow = 'No mail is taken from you now, try again later';
/** RFC 3463 3.2: bad destination mailbox address syntax. */
const cannotAppend: Verdict = {
  kind: 'reject',
  reply: { code: 553, enhanced: '5.1.3', text: 'This address cannot be passed on as it has to be for you' },
};

export class ClientRulesStage implements Stage {
  readonly name = 'client-rules';
  readonly #table: RuleTable;
  /** Made once for each rule. */
  readonly #verdicts = new WeakMap<HeldRule, Verdict>();

  constructor(table: RuleTable) {
    this.#table = table;
  }

  connect({ client, principal }: SessionFacts): Answer {
    return this.#ask(cannotTell, (rules) => this.#verdictOnClient(rules, client, principal));
  }

  auth({ user }: SessionFacts): Answer {
    if (user === undefined) return goOn;
    return this.#ask(cannotTellOfUser, (rules) => this.#verdictOnUser(rules.findUser(user.address)));
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
  #ask(failing: Verdict, decide: (rules: RuleSet) => Verdict): Answer {
    const answer = this.#table.rules();
    const decided = (known: RulesAnswer): Verdict => (known.kind === 'rules' ? decide(known.rules) : failing);
    return answer instanceof Promise ? answer.then(decided) : decided(answer);
  }

  #verdictOnClient(
    rules: RuleSet,
    { address, frontEnd }: SessionFacts['client'],
    principal: string | undefined,
  ): Verdict {
    // Whom a front end knows as a user is one.
    const ofUser = principal === undefined ? undefined : rules.findUser(principal);
    const held = ofUser ?? (address === '' ? rules.findLocal() : rules.find(address));
    if (held === undefined) return goOn;
    // The client that a front end does not know counts as the front end, and has no right by its address.
    return frontEnd?.knowsClient === false ? withoutRelay(held) : this.#verdictOf(held);
  }

  #verdictOnUser(held: HeldRule | undefined): Verdict {
    if (held === undefined) return goOn;
    const { rule } = held;
    if (rule.kind === 'allow') return this.#verdictOf(held);
    // RFC 4954 6: 454 for now. For good there is 535, after which clients ask for another password: so 554 (RFC 5321 4.2.3).
    return refusal(rule, rule.isTemporary ? 454 : 554);
  }

  #verdictOf(held: HeldRule): Verdict {
    let verdict = this.#verdicts.get(held);
    if (verdict === undefined) this.#verdicts.set(held, (verdict = verdictOf(held)));
    return verdict;
  }
}

function verdictOf({ who, rule }: HeldRule): Verdict {
  if (rule.kind === 'refuse') return refusal(rule, rule.isTemporary ? 421 : 554);
  return { kind: 'continue', edits: [{ kind: 'set-client-rule', rule: factsOf(who, rule) }] };
}

function withoutRelay({ who, rule }: HeldRule): Verdict {
  return verdictOf({ who, rule: rule.kind === 'refuse' ? rule : { ...rule, relay: undefined } });
}

function factsOf(who: string, { relay, maxMessageBytes, variables }: AllowingRule): ClientRuleFacts {
  return { who, relay, maxMessageBytes, variables };
}

/** RFC 5321 3.1: 554 in place of the greeting. RFC 3463 3.8: 5.7.1, delivery not authorized. */
function refusal({ isTemporary, text }: RefusingRule, code: number): Verdict {
  if (isTemporary)
    return { kind: 'tempfail', reply: { code, enhanced: '4.7.1', text: text === '' ? refusedForNow : text } };
  return { kind: 'reject', reply: { code, enhanced: '5.7.1', text: text === '' ? refusedForGood : text } };
}
