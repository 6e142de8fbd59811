// A policy server of Postfix's check_policy_service as a stage. Promises: a server that fails, hangs or answers what nobody can understand is a
// failure of the stage, never a refusal for good, and never a permission.

import { fieldEditFault } from '../../message/editable-header.ts';
import { encodePolicyRequest } from '../../protocol/policy-delegation/request.ts';
import { type PolicyAction, readPolicyAction } from '../../protocol/policy-delegation/policy-action.ts';
import type { PolicyPoint } from '../../values/policy-points.ts';
import { addressFault } from '../check-verdict.ts';
import { clientNameOf } from '../client-name.ts';
import type { ClientNames } from '../client-names.ts';
import { AskedSessions } from '../in-turn.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type ContentFacts,
  type Edit,
  type Facts,
  goOn,
  type MailFacts,
  type Point,
  type RcptFacts,
  type SessionFacts,
  type Verdict,
} from '../stage.ts';
import { type AttributeSettings, policyAttributes } from './policy-attributes.ts';
import type { PolicyConnections } from './policy-connections.ts';
import type { PolicyList, PolicyRun } from './policy-list.ts';

export interface PolicyServerParts extends ConfiguredStageValues {
  readonly timeLimitMs: number;
  /** Where it is asked. */
  readonly points: ReadonlySet<PolicyPoint>;
  readonly attributes: AttributeSettings;
  readonly connections: Pick<PolicyConnections, 'ask'>;
  /** Undefined: names of clients are not looked up. */
  readonly names: Pick<ClientNames, 'of'> | undefined;
  readonly list: PolicyList;
  /** Is it the last of the list? Then nobody after it can refuse what it wants deferred. */
  readonly isLast: boolean;
  /** The names of routes, by which FILTER sends a message. */
  readonly routes: ReadonlySet<string>;
  /** Gets the texts of WARN and INFO. */
  readonly log: { info(text: string): void };
}

/** What the actions of one answer come to. */
interface Outcome {
  readonly edits: Edit[];
  /** Why the message is to be held. */
  hold: string | undefined;
}

export class PolicyServerStage extends ConfiguredStage {
  readonly #parts: PolicyServerParts;
  readonly #asked = new AskedSessions();

  constructor(parts: PolicyServerParts) {
    super(parts, parts.timeLimitMs);
    this.#parts = parts;
  }

  asksAt(point: Point): boolean {
    return this.#parts.points.has(point === 'content' ? 'end-of-data' : (point as PolicyPoint));
  }

  connect(facts: SessionFacts): Answer {
    return this.#ask('connect', facts);
  }

  helo(facts: SessionFacts): Answer {
    return this.#ask('helo', facts);
  }

  mail(facts: MailFacts): Answer {
    return this.#ask('mail', facts);
  }

  rcpt(facts: RcptFacts): Answer {
    return this.#ask('rcpt', facts);
  }

  data(facts: MailFacts): Answer {
    return this.#ask('data', facts);
  }

  content(facts: ContentFacts): Answer {
    return this.#ask('end-of-data', facts);
  }

  transactionEnded(facts: SessionFacts): void {
    this.#asked.end(facts);
  }

  sessionEnded(facts: SessionFacts): void {
    this.#asked.end(facts);
  }

  /** @param known - the facts of this point, among which those that it does not have are not looked at */
  #ask(point: PolicyPoint, known: SessionFacts): Answer {
    const facts = known as Facts;
    const run = this.#parts.list.begin(this.name, point, facts);
    return run.isOver ? goOn : this.#answer(point, facts, run);
  }

  async #answer(point: PolicyPoint, facts: Facts, run: PolicyRun): Promise<Verdict> {
    const { names, attributes, connections, list } = this.#parts;
    const found = clientNameOf(facts, names);
    const name = found instanceof Promise ? await found : found;
    const request = encodePolicyRequest(policyAttributes(point, facts, name, attributes));
    const answered = await connections.ask(request, this.#asked.begin(facts));
    // The client was told that the server is too late, and has gone on.
    if (!list.isPresent(run, facts)) throw new Error('its answer came too late');
    const actions = answered.map(readPolicyAction);
    for (const action of actions) {
      const fault = typeof action === 'string' ? action : this.#faultOf(action, point);
      if (fault !== undefined) throw new Error(fault);
    }
    const outcome: Outcome = { edits: [], hold: undefined };
    for (const action of actions) {
      const verdict = this.#carryOut(action as PolicyAction, facts, run, outcome);
      if (verdict !== undefined) return verdict;
    }
    return verdictOf(outcome, actions as PolicyAction[]);
  }

  /** What is wrong with an action here; a clause. */
  #faultOf(action: PolicyAction, point: PolicyPoint): string | undefined {
    switch (action.kind) {
      case 'hold':
      case 'discard':
        return noMessageAt(point, action.kind);
      case 'prepend': {
        const { name, value } = action;
        return (
          noMessageAt(point, action.kind) ?? fieldEditFault({ kind: 'insert-field', at: 0, name, value })
        );
      }
      case 'redirect':
      case 'bcc':
        return noMessageAt(point, action.kind) ?? addressFault(action.address, false);
      case 'filter':
        if (this.#parts.routes.has(action.transport)) return noMessageAt(point, action.kind);
        return `it answered FILTER ${action.transport}, and no [[route]] has this name`;
      default:
        return undefined;
    }
  }

  /** @returns undefined when the next action counts */
  #carryOut(action: PolicyAction, facts: Facts, run: PolicyRun, outcome: Outcome): Verdict | undefined {
    const { list, isLast, name } = this.#parts;
    switch (action.kind) {
      case 'dunno':
        return verdictOf(outcome, [action]);
      case 'ok':
        run.isOver = true;
        return verdictOf(outcome, [action]);
      case 'refuse': {
        const { reply } = action;
        if (reply.code >= 500 && run.ifReject !== undefined) return { kind: 'tempfail', reply: run.ifReject };
        // As Postfix does: these two end the session.
        if (reply.code === 421 || reply.code === 521) return { kind: 'disconnect', reply };
        return { kind: reply.code >= 500 ? 'reject' : 'tempfail', reply };
      }
      case 'defer-if-permit':
        run.ifPermit ??= action.reply;
        return isLast ? { kind: 'tempfail', reply: run.ifPermit } : undefined;
      case 'defer-if-reject':
        run.ifReject ??= action.reply;
        return undefined;
      case 'hang-up':
        return { kind: 'drop' };
      case 'discard':
        return { kind: 'discard', reason: action.text || `the policy server ${name} has discarded it` };
      case 'hold':
        outcome.hold ??= action.text || `the policy server ${name} has held it`;
        return undefined;
      case 'warn':
      case 'info':
        if (!facts.isTrial) this.#parts.log.info(`stage "${name}": ${action.kind}: ${action.text}`);
        return undefined;
      case 'redirect':
        list.redirect(facts, action.address);
        return undefined;
      case 'bcc':
        list.copyTo(facts, action.address);
        return undefined;
      case 'filter':
        list.setRoute(facts, action.transport);
        return undefined;
      case 'prepend': {
        const { name: field, value } = action;
        outcome.edits.push({ kind: 'insert-field', at: list.nextField(facts), name: field, value });
        return undefined;
      }
    }
  }
}

function noMessageAt(point: PolicyPoint, action: string): string | undefined {
  if (point !== 'connect' && point !== 'helo') return undefined;
  return `it answered ${action.toUpperCase()} at ${point}, where there is no message yet`;
}

function verdictOf({ edits, hold }: Outcome, actions: readonly PolicyAction[]): Verdict {
  // For stages after it, and for plugins.
  const result = { action: (actions.at(-1)?.kind ?? 'dunno').replaceAll('-', '_').toUpperCase() };
  if (hold !== undefined) return { kind: 'quarantine', reason: hold, edits, result };
  return { kind: 'continue', edits, result };
}
