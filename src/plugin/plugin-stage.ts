// A plugin as a stage. Promises: the plugin is asked only at points that it has, and sees copies; what it answers is checked by the pipeline as
// that of any stage.

import type {
  Answer,
  Audience,
  BodyFacts,
  Breaker,
  ContentFacts,
  FailureAnswer,
  HeaderFacts,
  HeadersFacts,
  MailFacts,
  Point,
  RcptFacts,
  SessionFacts,
  Stage,
  Verdict,
} from '../policy/stage.ts';
import { goOn } from '../policy/stage.ts';
import { copyFacts, headerBytes } from './facts-copy.ts';
import type { PluginHost } from './host/plugin-host.ts';

export interface PluginStageParts {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly host: Pick<PluginHost, 'points' | 'isBeginning' | 'ask' | 'whenKnown'>;
}

/**
 * A plugin that cannot be set up is asked at these, where it fails: whatever points it will have, no mail passes it by, also mail that began
 * with another plugin in its place. Clients are not sent away as soon as they connect.
 */
const whileUnusable: ReadonlySet<Point> = new Set(['mail', 'rcpt', 'data', 'headers', 'content']);

interface WithHeader {
  readonly header?: HeaderFacts;
  readonly body?: BodyFacts;
}

export class PluginStage implements Stage {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly #host: PluginStageParts['host'];

  constructor({ name, timeLimitMs, onFailure, audience, breaker, host }: PluginStageParts) {
    this.name = name;
    this.timeLimitMs = timeLimitMs;
    this.onFailure = onFailure;
    this.audience = audience;
    this.breaker = breaker;
    this.#host = host;
  }

  asksAt(point: Point): boolean {
    const { points, isBeginning } = this.#host;
    if (points !== undefined) return points.has(point);
    // While it begins, clients wait for it at any point.
    return isBeginning || whileUnusable.has(point);
  }

  connect(facts: SessionFacts): Answer {
    return this.#ask('connect', facts);
  }

  helo(facts: SessionFacts): Answer {
    return this.#ask('helo', facts);
  }

  starttls(facts: SessionFacts): Answer {
    return this.#ask('starttls', facts);
  }

  auth(facts: SessionFacts): Answer {
    return this.#ask('auth', facts);
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

  headers(facts: HeadersFacts): Answer {
    return this.#ask('headers', facts);
  }

  content(facts: ContentFacts): Answer {
    return this.#ask('content', facts);
  }

  #ask(point: Point, facts: SessionFacts): Answer {
    const { points } = this.#host;
    return points === undefined ? this.#askWhenKnown(point, facts) : this.#askNow(point, facts);
  }

  async #askWhenKnown(point: Point, facts: SessionFacts): Promise<Verdict> {
    let points;
    try {
      points = await this.#host.whenKnown();
    } catch (error) {
      if (!whileUnusable.has(point)) return goOn;
      throw error;
    }
    return points.has(point) ? this.#askNow(point, facts) : goOn;
  }

  #askNow(point: Point, facts: SessionFacts): Promise<Verdict> {
    if (point !== 'headers' && point !== 'content') return this.#verdict(point, facts, {});
    const { header, body } = facts as WithHeader;
    const parts = {
      header: header === undefined ? undefined : headerBytes(header),
      body: point === 'content' ? body : undefined,
    };
    return this.#verdict(point, facts, parts);
  }

  /** Nobody has checked yet whether it is a verdict. */
  #verdict(point: Point, facts: SessionFacts, parts: Parameters<PluginHost['ask']>[2]): Promise<Verdict> {
    return this.#host.ask(point, copyFacts(point, facts), parts) as Promise<Verdict>;
  }
}
