// Converts [[reaction]] tables to the scheduler's rules, followed by the built-in rules.

import type { Config, ReactionConfig } from '../config/config.ts';
import { builtInReactions } from '../schedule/adapt/built-in-reactions.ts';
import { formatDomainPattern } from '../values/domain.ts';
import type { ReactionAction, ReactionRule } from '../schedule/adapt/types.ts';

/** How long a reaction lasts when its table does not say it. The description of the key names the same default. */
const defaultMs = 600_000;

/** The reactions of the configuration, in the order in which they are tried. */
export function reactionRules(config: Config): ReactionRule[] {
  const rules = config.reaction.map(ruleOf);
  return config.adapt.builtInReactions ? [...rules, ...builtInReactions] : rules;
}

function ruleOf(reaction: ReactionConfig): ReactionRule {
  return {
    name: reaction.name,
    origin: reaction.origin,
    source: '',
    code: reaction.code ?? '',
    text: reaction.text ?? '',
    mx: (reaction.mx ?? []).map(formatDomainPattern),
    action: actionOf(reaction),
  };
}

function actionOf({ action, for: forMs = defaultMs }: ReactionConfig): ReactionAction {
  return action === 'bounce' || action === 'retry' ? { kind: action } : { kind: action, forMs };
}
