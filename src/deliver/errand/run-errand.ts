// Runs one errand: connects as a delivery does, with its TLS, log-in and timeouts, asks what there is to ask, and says QUIT. Promises: it ends within
// the time limit, with one outcome.

import type { Deadline } from '../../io/deadlines.ts';
import { smtpDialect } from '../../protocol/smtp/client/dialect.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { LineContext } from '../connection-context.ts';
import { MaillessLine } from '../smtp/mailless-line.ts';
import { EtrnExchange } from './etrn-exchange.ts';
import type { Errand, ErrandOutcome } from './types.ts';

/** A server may wait a while before it greets. */
const timeLimitMs = 60_000;
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
  #isTold = false;

  constructor(context: LineContext, { etrn = [], hop }: Errand, told: (outcome: ErrandOutcome) => void) {
    this.#context = context;
    this.#etrn = etrn;
    this.#told = told;
    this.#line = new MaillessLine(context, hop, smtpDialect, {
      ready: () => this.#ready(),
      done: () => undefined,
      ended: (why, failure) => this.#ended(why ?? failureText(failure)),
    });
  }

  begin(): void {
    // It may have ended in its constructor already.
    if (!this.#isTold) this.#context.deadlines.set(this, timeLimitMs);
  }

  expired(): void {
    this.#tell({ kind: 'failed', reason: 'it took too long' });
    this.#line.drop('it took too long');
  }

  #ready(): void {
    if (this.#etrn.length === 0) {
      this.#tell({ kind: 'answered' });
      this.#line.quit();
      return;
    }
    if (!this.#line.wire.session.extensions.etrn) {
      this.#tell({ kind: 'failed', reason: 'the server does not offer ETRN', isLasting: true });
      this.#line.quit();
      return;
    }
    const exchange = new EtrnExchange(this.#etrn);
    const { wire } = this.#line;
    wire.divert((bytes) => this.#took(exchange, bytes));
    wire.socket.write(Buffer.from(exchange.begin(), 'latin1'));
  }

  #took(exchange: EtrnExchange, bytes: Uint8Array): void {
    if (this.#isTold) {
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
        this.#tell({ kind: 'failed', reason: step.reason });
        this.#line.drop(step.reason);
        break;
      case 'done':
        this.#tell({ kind: 'answered', replies: step.replies });
        wire.socket.write(Buffer.from('QUIT\r\n', 'latin1'));
        break;
    }
  }

  #ended(reason: string): void {
    this.#tell({ kind: 'failed', reason: reason.slice(0, maxText) });
    this.#context.deadlines.clear(this);
  }

  /** The outcome is known. The answer to QUIT changes nothing. */
  #tell(outcome: ErrandOutcome): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#context.deadlines.set(this, this.#context.settings.timeouts.quitMs);
    this.#told(outcome);
  }
}
