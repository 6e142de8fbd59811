// What operators have set by hand and were told is in force: suspensions and limits. It stays in force over reloads, stops,
// crashes and power cuts, until it is taken back. While a request has no answer, nobody outside knows what holds.

import type { Override, OverrideKind } from '../../src/control/override.ts';
import { parseTarget } from '../../src/control/override-target.ts';
import type { LimitQuantities, LimitRule } from '../../src/schedule/limits/types.ts';
import { check } from '../world/ledger.ts';

/** One suspension, or one limit with what was set for it at a time. */
interface InForce {
  readonly kind: OverrideKind;
  readonly target: string;
  readonly quantities: LimitQuantities;
  readonly rule: LimitRule;
}

export interface OverrideRequest {
  /** It was answered: this is in force now; undefined: nothing is. */
  answered(quantities: LimitQuantities | undefined): void;
  /** It failed, or nobody answered. Only an answer that it is taken back tells what holds. */
  failed(): void;
}

export class OverrideBooks {
  #inForce: readonly InForce[] = [];
  /** The newest request about each, until it is answered. */
  readonly #open = new Map<string, object>();
  /** It is unknown what became of a request about these. */
  readonly #lost = new Set<string>();
  readonly #changed: () => void;
  #rules: readonly LimitRule[] = [];
  #sets = 0;
  /** Limits that were set and taken back, and managers that had to know of some when they started. */
  readonly seen = { limitsSet: 0, limitsUnset: 0, limitsKept: 0 };

  /** @param changed - called when other rules hold, or it is unknown which */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Is it known what is in force? */
  get isSure(): boolean {
    return this.#open.size === 0;
  }

  get rules(): readonly LimitRule[] {
    return this.#rules;
  }

  /** Connections in all, where operators have set a number. */
  get most(): number | undefined {
    const totals = this.#inForce.flatMap(({ quantities, target }) =>
      target === 'all' && quantities.connections !== undefined ? [quantities.connections] : [],
    );
    return totals.length === 0 ? undefined : Math.min(...totals);
  }

  /** Targets that have a limit. */
  get limited(): readonly string[] {
    return this.#inForce.flatMap(({ kind, target }) => (kind === 'limit' ? [target] : []));
  }

  managerStarts(): void {
    if (this.isSure && this.limited.length > 0) this.seen.limitsKept++;
  }

  /** Something else is asked for from now on. */
  asked(kind: OverrideKind, target: string): OverrideRequest {
    const name = `${kind} ${target}`;
    const request = {};
    this.#open.set(name, request);
    this.#changed();
    return {
      answered: (quantities) => {
        if (quantities === undefined) this.#lost.delete(name);
        this.#set(kind, target, quantities);
        if (this.#open.get(name) === request && !this.#lost.has(name)) this.#open.delete(name);
        this.#changed();
      },
      failed: () => this.#lost.add(name),
    };
  }

  /** The manager says what is in force. */
  checkSaid(overrides: readonly Override[]): void {
    if (!this.isSure) return;
    const said = overrides.map(({ kind, quantities, target }) => textOf({ kind, quantities, target }));
    const told = this.#inForce.map(textOf);
    check(
      said.toSorted().join('\n') === told.toSorted().join('\n'),
      () => `operators were told that "${told.join('; ')}" is in force, and status says "${said.join('; ')}"`,
    );
  }

  /** Quantities that are not given stay as they were set before. */
  #set(kind: OverrideKind, target: string, quantities: LimitQuantities | undefined): void {
    const isSame = (each: InForce): boolean => each.kind === kind && each.target === target;
    const others = this.#inForce.filter((each) => !isSame(each));
    const wasSet = others.length < this.#inForce.length;
    if (quantities === undefined) {
      if (kind === 'limit' && wasSet) this.seen.limitsUnset++;
      this.#inForce = others;
    } else {
      if (kind === 'limit') this.seen.limitsSet++;
      const left = this.#inForce.filter(isSame).flatMap((each) => without(each, quantities));
      const rule = { ...ruleOf(target, quantities), id: `set by hand ${++this.#sets}` };
      this.#inForce = [...others, ...left, { kind, target, quantities, rule }];
    }
    this.#rules = this.#inForce.map(({ rule }) => rule);
  }
}

function without(before: InForce, { ...given }: LimitQuantities): InForce[] {
  const left = Object.fromEntries(
    Object.entries(before.quantities).filter(([name]) => !Object.hasOwn(given, name)),
  ) as LimitQuantities;
  if (Object.keys(left).length === 0) return [];
  return [{ ...before, quantities: left, rule: { ...ruleOf(before.target, left), id: before.rule.id } }];
}

function textOf({ kind, quantities, target }: Pick<Override, 'kind' | 'quantities' | 'target'>): string {
  return `${kind} ${target} ${JSON.stringify(Object.entries(quantities).toSorted())}`;
}

/** The limit that a target with these quantities is, by docs/operating-limits.md. */
function ruleOf(text: string, quantities: LimitQuantities): LimitRule {
  const common = { id: '', name: text, origin: 'an operator', isOverride: true };
  const target = parseTarget(text);
  switch (target.kind) {
    case 'all':
      // Its number of connections is that of all connections, and no limit of its own.
      return { ...common, ...quantities, connections: undefined, per: [], match: {} };
    case 'domain':
      return { ...common, ...quantities, per: ['domain'], match: { domain: [target.pattern] } };
    case 'mx':
      return { ...common, ...quantities, per: ['mx'], match: { mx: [target.pattern] } };
    case 'site':
      return { ...common, ...quantities, per: ['site'], match: { site: [target.site] } };
    case 'ip':
      return { ...common, ...quantities, per: ['ip'], match: { ip: [target.network] } };
    case 'source':
      return { ...common, ...quantities, per: ['source'], match: { source: [target.network] } };
    case 'tenant':
      return { ...common, ...quantities, per: ['tenant'], match: { tenant: [target.name] } };
  }
}
