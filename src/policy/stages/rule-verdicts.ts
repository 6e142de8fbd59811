// The verdicts that follow from rules for clients.

import type { AllowingRule, RefusingRule } from '../../table/rules/client-rule.ts';
import type { HeldRule, NameEffects } from '../../table/rules/rule-set.ts';
import { type ClientRuleFacts, goOn, type Verdict } from '../stage.ts';

/** RFC 3463 3.8: delivery not authorized. */
const refusedForGood = 'No mail is taken from you';
const refusedForNow = 'No mail is taken from you now, try again later';
/** RFC 3463 3.5: a directory server failure. */
const nameUnknown: Verdict = {
  kind: 'tempfail',
  reply: { code: 421, enhanced: '4.4.3', text: 'Your name cannot be looked up now, try again later' },
};

/** Of a rule for a client. */
export function ruleVerdict({ who, rule }: HeldRule): Verdict {
  // RFC 5321 3.1: 554 in place of the greeting.
  if (rule.kind === 'refuse') return refusal(rule, rule.isTemporary ? 421 : 554);
  return accepted(factsOf(who, rule));
}

/** Of a rule for a client that a front end does not know. */
export function verdictWithoutRelay(held: HeldRule | undefined): Verdict {
  if (held === undefined) return goOn;
  const { who, rule } = held;
  return ruleVerdict(rule.kind === 'refuse' ? held : { who, rule: { ...rule, relay: undefined } });
}

/** Of a rule for a user who has logged in. */
export function userVerdict(held: HeldRule | undefined): Verdict {
  if (held === undefined) return goOn;
  const { who, rule } = held;
  // RFC 4954 6: 454 for now. After 535, clients ask their users for another password: so it is 554 for good.
  if (rule.kind === 'refuse') return refusal(rule, rule.isTemporary ? 454 : 554);
  return accepted(factsOf(who, rule));
}

/**
 * For a client whose name cannot be looked up, though a rule by name could hold in place of another one. A rule by name that refuses must not
 * be passed by a DNS that fails; and what a rule by name allows must not be refused for good.
 *
 * @param held - the rule that holds if it has no name
 * @param usualMaxBytes - the largest message where no rule says another one; 0 for no limit
 */
export function verdictWithoutName(
  held: HeldRule | undefined,
  effects: NameEffects,
  usualMaxBytes: number,
): Verdict {
  if (effects.refuses || held?.rule.kind === 'refuse') return nameUnknown;
  const facts = held?.rule.kind === 'allow' ? factsOf(held.who, held.rule) : nothing;
  const usual = facts.maxMessageBytes ?? usualMaxBytes;
  const largest = Math.max(usual === 0 ? Infinity : usual, effects.maxMessageBytes);
  return accepted({
    ...facts,
    maxMessageBytes: largest === Infinity ? 0 : largest,
    isRelayUnknown: effects.relays,
  });
}

const nothing: ClientRuleFacts = { who: '', relay: undefined, maxMessageBytes: undefined, variables: {} };

function accepted(rule: ClientRuleFacts): Verdict {
  return { kind: 'continue', edits: [{ kind: 'set-client-rule', rule }] };
}

function factsOf(who: string, { relay, maxMessageBytes, variables }: AllowingRule): ClientRuleFacts {
  return { who, relay, maxMessageBytes, variables };
}

function refusal({ isTemporary, text }: RefusingRule, code: number): Verdict {
  if (isTemporary)
    return { kind: 'tempfail', reply: { code, enhanced: '4.7.1', text: text === '' ? refusedForNow : text } };
  return { kind: 'reject', reply: { code, enhanced: '5.7.1', text: text === '' ? refusedForGood : text } };
}
