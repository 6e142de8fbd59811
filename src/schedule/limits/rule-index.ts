// All limits, ready to be asked which of them hold for a message, for a place, or for a message at a place.
// How limits of one dimension replace each other is told in types.ts and docs/limits.md.

import { kindsOf, placeKeys } from './compiled-rule.ts';
import { LimitScope, type Facts } from './limit-scope.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import type { AppliedLimits, LimitIndex, LimitRule, PlaceFacts, TaskFacts } from './types.ts';

/**
 * Makes limits ready for look-ups, which cost about the same for three limits and for thousands of names.
 *
 * A dimension is what limits count per; for a group, what it matches by. Operators' overrides that match replace all
 * limits of the file in their dimension, quantity by quantity, and compete among themselves as those do.
 */
export function createLimitIndex(rules: readonly LimitRule[]): LimitIndex {
  return new RuleIndex(rules);
}

class RuleIndex implements LimitIndex {
  readonly rules: readonly LimitRule[];
  readonly hasPairLimits: boolean;
  readonly #task: LimitScope;
  readonly #place: LimitScope;
  readonly #both: LimitScope;
  /** Filled again for every look-up. */
  readonly #facts: { -readonly [key in keyof Facts]-?: string } = {
    domain: '',
    tenant: '',
    queue: '',
    site: '',
    mx: '',
    ip: '',
    source: '',
  };

  constructor(rules: readonly LimitRule[]) {
    this.rules = rules;
    const dimensions = [...dimensionsOf(rules).values()];
    this.#task = new LimitScope(dimensions.filter((dimension) => scopeOf(dimension) === 'task'));
    this.#place = new LimitScope(dimensions.filter((dimension) => scopeOf(dimension) === 'place'));
    this.#both = new LimitScope(dimensions.filter((dimension) => scopeOf(dimension) === 'both'));
    this.hasPairLimits = !this.#both.isEmpty;
  }

  ofTask(task: TaskFacts): AppliedLimits {
    this.#facts.domain = task.domain;
    this.#facts.tenant = task.tenant;
    this.#facts.queue = task.queue ?? defaultQueue;
    return this.#task.of(this.#facts);
  }

  ofPlace(place: PlaceFacts): AppliedLimits {
    this.#setPlace(place);
    return this.#place.of(this.#facts);
  }

  ofPair(task: TaskFacts, place: PlaceFacts): AppliedLimits {
    this.#facts.domain = task.domain;
    this.#facts.tenant = task.tenant;
    this.#facts.queue = task.queue ?? defaultQueue;
    this.#setPlace(place);
    return this.#both.of(this.#facts);
  }

  #setPlace(place: PlaceFacts): void {
    this.#facts.site = place.site;
    this.#facts.mx = place.mx;
    this.#facts.ip = place.ip;
    this.#facts.source = place.source;
  }
}

/** The rules by dimension: what they count per, or what a group matches by. */
function dimensionsOf(rules: readonly LimitRule[]): Map<string, LimitRule[]> {
  const dimensions = new Map<string, LimitRule[]>();
  for (const rule of rules) {
    const keys = rule.per.length > 0 ? rule.per : kindsOf(rule.match);
    const dimension = keys.toSorted().join(' ');
    const before = dimensions.get(dimension);
    if (before === undefined) dimensions.set(dimension, [rule]);
    else before.push(rule);
  }
  return dimensions;
}

function scopeOf(dimension: readonly LimitRule[]): 'task' | 'place' | 'both' {
  let looksAtTask = false;
  let looksAtPlace = false;
  for (const rule of dimension) {
    for (const fact of [...rule.per, ...kindsOf(rule.match)]) {
      if (placeKeys.has(fact)) looksAtPlace = true;
      else looksAtTask = true;
    }
  }
  if (!looksAtPlace) return 'task';
  return looksAtTask ? 'both' : 'place';
}
