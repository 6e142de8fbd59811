// Carries out what the watch of storms says: diversions of [[diversion]] rules begin and end, and troubles tell of them. What operators end
// stays ended. Where there are no rules, nothing is counted and no timer runs.

import { domainOf } from '../../address/domain.ts';
import type { Submitted } from '../../channel/messages.ts';
import type { Timer, Timers } from '../../io/timers.ts';
import type { EventListener, SluiceEvent } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import type { StormRule } from '../../policy/queues/storm-rule.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { conditionsText, type Diversion, type DiversionConditions } from '../../values/diversion.ts';
import type { RoleCounters } from '../role-counters.ts';
import type { Diversions } from './diversions.ts';
import { AnswerCounts } from './answer-counts.ts';
import { type StormChange, StormWatch } from './storm-watch.ts';

const lookMs = 1_000;
/** A diversion that could not be put in force is tried again after this time. */
const retryMs = 10_000;

export interface StormsParts {
  readonly diversions: Pick<Diversions, 'add' | 'end' | 'list'>;
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly counters: Pick<RoleCounters, 'sum'>;
}

interface InForce {
  readonly rule: string;
  readonly key: string;
}

export class Storms implements EventListener {
  readonly #watch = new StormWatch();
  /** By the id of the diversion. */
  readonly #inForce = new Map<string, InForce>();
  readonly #answers = new AnswerCounts();
  #rules: readonly StormRule[] = [];
  #parts: StormsParts | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  /** Diversions of before are known: rules that are there go on with theirs, and the others are ended. */
  open(parts: StormsParts, rules: readonly StormRule[]): void {
    this.#parts = parts;
    this.configure(rules);
  }

  configure(rules: readonly StormRule[]): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    const before = new Set(this.#rules.map(({ name }) => name));
    this.#rules = rules;
    this.#carryOut(this.#watch.configure(rules));
    const orphans: string[] = [];
    for (const { id, rule: name, conditions, setAtMs } of parts.diversions.list) {
      if (name === undefined || this.#inForce.has(id)) continue;
      const rule = rules.find((each) => each.name === name);
      if (rule === undefined) orphans.push(id);
      else if (!before.has(name)) {
        const key = keyOf(rule, conditions);
        this.#watch.adopt(name, key, Math.min(setAtMs, parts.nowMs()));
        this.#inForce.set(id, { rule: name, key });
      }
    }
    if (orphans.length > 0) void this.#end(orphans);
    for (const name of before) this.#tell(name);
    for (const { name } of rules) this.#tell(name);
    if (this.#timer === undefined) this.#arm();
  }

  /** The diversions in force are these now: what is missing of ours, an operator has ended. */
  listChanged(list: readonly Diversion[]): void {
    if (this.#inForce.size === 0) return;
    const left = new Set(list.map(({ id }) => id));
    for (const [id, { rule, key }] of this.#inForce) {
      if (left.has(id)) continue;
      this.#inForce.delete(id);
      this.#watch.ended(rule, key, true);
      this.#tell(rule);
    }
  }

  /** Receivers have taken this mail. */
  arrived(batch: readonly Submitted[]): void {
    const parts = this.#parts;
    if (parts === undefined || this.#watch.isEmpty) return;
    const nowMs = parts.nowMs();
    for (const { tenant = '', reversePath, client = '', recipients } of batch) {
      const mail = { tenant, sender: reversePath.toLowerCase(), client, domains: recipients.map(domainOf) };
      this.#carryOut(this.#watch.arrived(mail, nowMs));
    }
  }

  get needsFields(): boolean {
    return this.#watch.looksAtAttempts;
  }

  happened(...[name, fields]: SluiceEvent): void {
    if (!this.#watch.looksAtAttempts) return;
    if (name === 'delivered' || name === 'deferred')
      this.#attempted(fields.to, fields.tenant ?? '', name === 'deferred');
    else if (name === 'bounced' && !fields.expired) this.#attempted(fields.to, undefined, true);
  }

  counted(): void {
    // Without fields, nothing is known of the destination.
  }

  close(): void {
    this.#isClosed = true;
    this.#parts?.timers.clear(this.#timer);
  }

  #attempted(to: string, tenant: string | undefined, isFailed: boolean): void {
    const nowMs = this.#parts?.nowMs() ?? 0;
    this.#carryOut(this.#watch.attempted(domainOf(to), tenant, isFailed, nowMs));
  }

  #arm(): void {
    const parts = this.#parts;
    this.#timer = undefined;
    if (parts === undefined || this.#isClosed || this.#watch.isEmpty) return;
    this.#timer = parts.timers.setTimeout(() => {
      this.#look(parts);
      this.#arm();
    }, lookMs);
    this.#timer.unref();
  }

  #look({ counters, nowMs }: StormsParts): void {
    const now = nowMs();
    const delays = this.#rules.filter(({ measure }) => measure.kind === 'delay');
    if (delays.length > 0) {
      for (const { rule, times, slow } of this.#answers.since(delays, counters.sum('receiver')))
        this.#carryOut(this.#watch.answered(rule, times, slow, now));
    }
    this.#carryOut(this.#watch.look(now));
  }

  #carryOut(changes: readonly StormChange[]): void {
    for (const change of changes) {
      if (change.kind === 'begin') void this.#begin(change);
      else {
        const { rule, key } = change;
        const ids = [...this.#inForce].filter(([, each]) => each.rule === rule.name && each.key === key);
        void this.#end(ids.map(([id]) => id)).then(() => this.#tell(rule.name));
      }
    }
  }

  async #begin({ rule, key, measured }: StormChange): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    const conditions = conditionsOf(rule, key);
    try {
      const question = { queue: rule.queue, conditions, reason: measured, by: '' };
      const { id } = await parts.diversions.add(question, rule.name);
      this.#inForce.set(id, { rule: rule.name, key });
    } catch (error) {
      parts.log.warn(`the rule ${rule.name} cannot divert ${conditionsText(conditions)}: ${String(error)}`);
      parts.timers.setTimeout(() => this.#watch.ended(rule.name, key, false), retryMs).unref();
    }
    this.#tell(rule.name);
  }

  async #end(ids: readonly string[]): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined || ids.length === 0) return;
    for (const id of ids) this.#inForce.delete(id);
    await parts.diversions.end({ ids }).catch((error: unknown) => {
      parts.log.warn(
        `diversions of a storm that is over cannot be ended, and are tried again: ${String(error)}`,
      );
      parts.timers.setTimeout(() => void this.#end(ids), retryMs).unref();
    });
  }

  #tell(rule: string): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    const own = parts.diversions.list.filter((each) => each.rule === rule);
    const [first] = own;
    if (first === undefined) {
      parts.troubles.clear(`diversion:${rule}`);
      return;
    }
    const more = own.length === 1 ? '' : `, and ${own.length - 1} more`;
    parts.troubles.raise(
      `diversion:${rule}`,
      'warning',
      `The rule ${rule} diverts mail to the queue ${first.queue}: ${conditionsText(first.conditions)} (${first.reason})${more}. The rest goes its usual way.`,
      'Look at "sluice divert" and at what is in that queue. It ends by itself when it is calm; "sluice divert end" ends it before.',
    );
  }
}

function conditionsOf({ per, domain, tenant }: StormRule, key: string): DiversionConditions {
  return {
    ...(domain !== undefined && { domain }),
    ...(tenant !== undefined && { tenant }),
    ...(per === 'sender' && { sender: [key === '' ? '<>' : key] }),
    ...(per !== 'all' && per !== 'sender' && { [per]: [key] }),
  };
}

function keyOf({ per }: StormRule, conditions: DiversionConditions): string {
  if (per === 'all') return '';
  const [value = ''] = conditions[per] ?? [];
  return value === '<>' ? '' : value;
}
