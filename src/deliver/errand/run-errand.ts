// Runs one errand: connects as a delivery does, with its TLS, log-in and timeouts, asks what there is to ask, and says QUIT. Promises: it ends within
// the time limit, with one outcome, which is told when the connection is closed.

import type { Deadline } from '../../io/deadlines.ts';
import type { SessionFailure } from '../../protocol/smtp/client/client-types.ts';
import { smtpDialect } from '../../protocol/smtp/client/dialect.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { LineContext } from '../connection-context.ts';
import { MaillessLine } from '../smtp/mailless-line.ts';
import { EtrnExchange } from './etrn-exchange.ts';
import type { Errand, ErrandOutcome } from './types.ts';

/** A server may wait a while before it greets. */
const timeLimitMs = 60_000;
/** The longest wait for the answer to QUIT: somebody waits for the outcome. */
const quitMs = 5_000;
const maxText = 500;

/** Resolves to the outcome. It never rejects. */
export function runErrand(context: LineContext, errand: Errand): Promise<ErrandOutcome> {
  return new Promise((resolve) => {
    const run = new ErrandRun(context, errand, resolve);
    run.begin();
  });
}

class ErrandRun implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #context: LineContext;
  readonly #etrn: readonly string[];
  readonly #line: MaillessLine;
  readonly #told: (outcome: ErrandOutcome) => void;
  #outcome: ErrandOutcome | undefined;
  #isEnded = false;

  constructor(
    context: LineContext,
    { etrn = [], hop, source }: Errand,
    told: (outcome: ErrandOutcome) => void,
  ) {
    this.#context = context;
    this.#etrn = etrn;
    this.#told = told;
    const events = {
      ready: () => this.#ready(),
      done: () => undefined,
      ended: (why: string | undefined, failure: SessionFailure) => this.#ended(why ?? failureText(failure)),
    };
    this.#line = new MaillessLine(context, hop, smtpDialect, events, source);
  }

  begin(): void {
    // It may have ended in its constructor already.
    if (!this.#isEnded) this.#context.deadlines.set(this, timeLimitMs);
  }

  expired(): void {
    this.#note({ kind: 'failed', reason: 'it took too long' });
    this.#line.drop('it took too long');
  }

  #ready(): void {
    if (this.#etrn.length === 0) {
      this.#note({ kind: 'answered' });
      this.#line.quit();
      return;
    }
    if (!this.#line.wire.session.extensions.etrn) {
      this.#note({ kind: 'failed', reason: 'the server does not offer ETRN', isLasting: true });
      this.#line.quit();
      return;
    }
    const exchange = new EtrnExchange(this.#etrn);
    const { wire } = this.#line;
    wire.divert((bytes) => this.#took(exchange, bytes));
    wire.socket.write(Buffer.from(exchange.begin(), 'latin1'));
  }

  #took(exchange: EtrnExchange, bytes: Uint8Array): void {
    if (this.#outcome !== undefined) {
      // The answer to QUIT.
      this.#line.drop('it is over');
      return;
    }
    const step = exchange.take(bytes);
    const { wire } = this.#line;
    switch (step.kind) {
      case 'wait':
        break;
      case 'send':
        wire.socket.write(Buffer.from(step.command, 'latin1'));
        break;
      case 'broken':
        this.#note({ kind: 'failed', reason: step.reason });
        this.#line.drop(step.reason);
        break;
      case 'done':
        this.#note({ kind: 'answered', replies: step.replies });
        wire.socket.write(Buffer.from('QUIT\r\n', 'latin1'));
        break;
    }
  }

  /** No outcome is told before: until then the server has the connection. */
  #ended(reason: string): void {
    this.#isEnded = true;
    this.#context.deadlines.clear(this);
    this.#told(this.#outcome ?? { kind: 'failed', reason: reason.slice(0, maxText) });
  }

  /** The outcome is known. The answer to QUIT changes nothing. */
  #note(outcome: ErrandOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#context.deadlines.set(this, quitMs);
  }
}
