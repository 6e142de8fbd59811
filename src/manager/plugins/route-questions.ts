// Asks plugins, and tables of routes that do not answer at once, which way recipients go. Promises: at most `most` questions are under way; the rest wait here as names. Nothing else waits for an
// answer. A plugin or table that fails, is late or answers what is no answer makes its recipient wait for the next attempt, with the reason: it goes no other
// way, and fails only when its lifetime is over.

import type { Timers } from '../../io/timers.ts';
import { WaitingLine } from '../../dns/waiting-line.ts';
import type { Envelope, MessageHead } from '../../message/envelope.ts';
import { askedRecipientOf, type AskedRecipient } from '../../route/asked-key.ts';
import { chosenBy } from '../../route/choice.ts';
import { holdsMail } from '../../route/local-ways.ts';
import { demandOf, withDemand, withoutDemand } from '../../route/security/demand.ts';
import { targetKey } from '../../route/target-key.ts';
import type { ErrorPlan, RouteKey } from '../../route/types.ts';
import { withVerp } from '../../route/verp.ts';
import type { MessageHandle } from '../../schedule/types.ts';
import type { QueueReader, SpoolStore } from '../../spool/types.ts';
import type { RouterInForce } from '../ports.ts';
import { choiceFor, type RoutedRecipient, routeFor, verpFor, wayFor } from '../route-of.ts';
import type { AskedRoutes } from './asked-routes.ts';
import type { DeliveryPlugin } from './delivery-plugin.ts';
import { PluginRests } from './plugin-rests.ts';
import type { PluginWatch } from './plugin-watch.ts';
import { type CheckedAnswer, checkRouteAnswer } from './route-answer.ts';
import { RouteCase } from './route-case.ts';
import { routeFactsOf } from './route-facts.ts';
import type { Routed } from './routed.ts';

/** Keeps a plugin busy that asks another server for each recipient. */
const mostUnderWay = 256;

export interface RouteQuestionsParts {
  readonly asked: AskedRoutes;
  readonly routing: RouterInForce;
  readonly store: Pick<SpoolStore, 'locate' | 'pin' | 'unpin'>;
  readonly reader: Pick<QueueReader, 'readHead'>;
  /** In the order in which they are asked. */
  readonly plugins: () => readonly DeliveryPlugin[];
  /** Names of the [[route]] tables. */
  readonly routeNames: () => ReadonlySet<string>;
  readonly watch: PluginWatch;
  /** Was the message released from routes that hold mail? */
  readonly passesHolds: (message: MessageHandle) => boolean;
  readonly timers: Timers;
  /** Called with what came of questions; never within `ask`. */
  readonly routed: (routed: Routed) => void;
  /** Most questions at once; `mostUnderWay` if not given. */
  readonly most?: number;
}

/** A recipient that is asked about, and the scheduler's name of the route that stands for the question. */
interface Question extends AskedRecipient {
  readonly name: string;
  readonly tlsDemand: ReturnType<typeof demandOf>;
}

export class RouteQuestions {
  readonly #parts: RouteQuestionsParts;
  readonly #most: number;
  readonly #rests: PluginRests;
  readonly #line = new WaitingLine<string>();
  #underWay = 0;
  #willStart = false;
  #isStopped = false;
  #case: RouteCase | undefined;
  #head: { readonly queueId: string; readonly read: Promise<MessageHead | undefined> } | undefined;

  constructor(parts: RouteQuestionsParts) {
    this.#parts = parts;
    this.#most = parts.most ?? mostUnderWay;
    this.#rests = new PluginRests(parts.timers.nowMs);
  }

  /** Questions that are under way or wait. */
  get open(): number {
    return this.#underWay + this.#line.length;
  }

  /** Asks about the recipient in a route key. @param name - the scheduler's name of the route */
  ask(name: string): void {
    this.#line.push(name);
    this.#startSoon();
  }

  /** From now on nothing is asked, and no answer counts. */
  stop(): void {
    this.#isStopped = true;
  }

  /** At the end of the turn, so that recipients of one message are asked about together. */
  #startSoon(): void {
    if (this.#willStart) return;
    this.#willStart = true;
    queueMicrotask(() => {
      this.#willStart = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#underWay < this.#most && !this.#isStopped) {
      const name = this.#line.shift();
      if (name === undefined) break;
      const question = questionOf(name);
      if (question === undefined) continue;
      this.#underWay++;
      const { message, queueId } = question;
      if (this.#case?.queueId !== queueId || this.#case.message !== message)
        this.#case = this.#newCase(question);
      this.#case.opens();
      void this.#decide(question, this.#case);
    }
    this.#case = undefined;
    this.#head = undefined;
  }

  #newCase({ message, queueId }: Question): RouteCase {
    return new RouteCase(message as MessageHandle, queueId, this.#parts.timers, this.#parts.routed);
  }

  /** Never rejects. */
  async #decide(question: Question, inCase: RouteCase): Promise<void> {
    const { name, recipient } = question;
    const way = await this.#wayOf(question).catch((error: unknown) =>
      temporarily(
        `Its route could not be found out: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
    this.#underWay--;
    if (this.#isStopped) return;
    if (typeof way === 'function') inCase.moves(name, recipient, way);
    else inCase.refused(name, way);
    this.#startSoon();
  }

  /** @returns a function that says the way at the moment when it is taken: a new configuration may come in between */
  async #wayOf(question: Question): Promise<(() => RouteKey) | ErrorPlan> {
    const { asked, routing } = this.#parts;
    const head = await this.#headOf(question.queueId);
    const recipient = head?.envelope.recipients[question.recipient];
    // Its message has ended meanwhile.
    if (head === undefined || recipient === undefined) return temporarily('Its message is gone');
    const { reversePath, tenant = '', user = '', verp } = head.envelope;
    const { address, isCopy = false, route: chosen } = recipient;
    const { tlsDemand } = question;
    const passesHolds = this.#parts.passesHolds(question.message as MessageHandle);
    const bare = (): RouteKey => routing.router.routeOf(reversePath, address);
    const { domain } = bare();
    const known = { reversePath, tenant, tlsDemand, address, isCopy, chosen, verp, passesHolds, user };
    const isSaid = ((await routing.provisioned?.of(known))?.kind ?? 'usual') !== 'usual';
    const isAsked = !isCopy && !isSaid && choiceFor(routing.router, known) === undefined;
    const answer: CheckedAnswer = isAsked ? await this.#answerOf(head, known, domain) : { kind: 'continue' };
    // Asked under an earlier configuration, its answer may name what there is not any more.
    const unlessOld = (way: () => RouteKey) => (): RouteKey =>
      question.generation === asked.generation ? way() : this.#again(question, bare());
    if (question.generation !== asked.generation) return unlessOld(bare);
    switch (answer.kind) {
      case 'continue': {
        const found = await wayFor(routing, known);
        if (!('route' in found)) return temporarily(found.reason);
        const { route } = found;
        // Without tables, those of a configuration that comes in between count.
        return unlessOld(() => (asksTables(routing) ? route : routeFor(routing, known)));
      }
      case 'route': {
        const { name } = answer;
        return unlessOld(() => {
          const route = routing.router.routeNamed(name, reversePath, address);
          return this.#chosen(question, head.envelope, route);
        });
      }
      case 'target': {
        const key = `${targetKey(answer.target)}:${domain}`;
        return unlessOld(() => this.#chosen(question, head.envelope, { key, domain }));
      }
      case 'refused':
        return answer.plan;
      case 'wrong':
        return temporarily(answer.why);
    }
  }

  /** The answer of the first plugin that decides. A route that holds mail is no answer for what was released. */
  async #answerOf(
    head: MessageHead,
    { address, passesHolds, reversePath }: RoutedRecipient,
    domain: string,
  ): Promise<CheckedAnswer> {
    const { plugins, routing, watch } = this.#parts;
    for (const plugin of plugins()) {
      const facts = routeFactsOf(head, address, domain, routing.router.ruleNameFor(reversePath, address));
      const answer = await this.#askOne(plugin, facts);
      if (answer.kind === 'wrong') {
        watch.failed(plugin.name, 'route', answer.why);
        const why = `The plugin "${plugin.name}", which says where this mail goes, fails: ${answer.why}`;
        return { kind: 'wrong', why };
      }
      if (answer.kind === 'continue') continue;
      const names = answer.kind === 'route' && passesHolds ? answer.name : undefined;
      if (names !== undefined && holdsMail(routing.router.routeNamed(names, reversePath, address).key))
        continue;
      return answer;
    }
    return { kind: 'continue' };
  }

  async #askOne(plugin: DeliveryPlugin, facts: object): Promise<CheckedAnswer> {
    if (this.#rests.rests(plugin))
      return { kind: 'wrong', why: 'it is left alone for a while, after its failures' };
    const answer = await plugin.route(facts).then(
      (value) => checkRouteAnswer(value, this.#parts.routeNames()),
      (error: unknown): CheckedAnswer => ({ kind: 'wrong', why: reasonOf(error) }),
    );
    if (answer.kind === 'wrong') this.#rests.failed(plugin);
    else this.#rests.worked(plugin);
    return answer;
  }

  #chosen(question: Question, envelope: Envelope, route: RouteKey): RouteKey {
    return this.#final(question, envelope, chosenBy('plugin', route));
  }

  #final({ tlsDemand }: Question, envelope: Envelope, route: RouteKey): RouteKey {
    return withVerp(withDemand(route, tlsDemand), verpFor(this.#parts.routing, route, envelope));
  }

  #again({ message, queueId, recipient, tlsDemand }: Question, usual: RouteKey): RouteKey {
    const { asked } = this.#parts;
    if (!asked.isOn && !asksTables(this.#parts.routing)) return withDemand(usual, tlsDemand);
    const { domain } = usual;
    return asked.routeOf({ message: message as MessageHandle, queueId, recipient, domain, tlsDemand });
  }

  /** Read once for the recipients that are asked about together. */
  #headOf(queueId: string): Promise<MessageHead | undefined> {
    if (this.#head?.queueId !== queueId) this.#head = { queueId, read: this.#readHead(queueId) };
    return this.#head.read;
  }

  /** Undefined when it is done. @throws {SpoolError} when it cannot be read */
  async #readHead(queueId: string): Promise<MessageHead | undefined> {
    const { store, reader } = this.#parts;
    const ref = store.locate(queueId);
    if (ref === undefined) return undefined;
    store.pin(queueId);
    try {
      return await reader.readHead(ref);
    } finally {
      store.unpin(queueId);
    }
  }
}

function asksTables({ ways, provisioned }: RouterInForce): boolean {
  return ways !== undefined || provisioned !== undefined;
}

/** @param name - the scheduler's name of the route: numbers of tenant and store may stand before its key */
function questionOf(name: string): Question | undefined {
  const key = name.slice(name.indexOf('\t') + 1);
  const asked = askedRecipientOf(withoutDemand(key));
  return asked && { ...asked, name, tlsDemand: demandOf(key) };
}

/** A fault of our own (RFC 3463 3.4): the recipient waits. */
export function temporarily(text: string): ErrorPlan {
  return { kind: 'error', permanent: false, replyCode: 451, enhancedStatus: '4.3.0', text };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
