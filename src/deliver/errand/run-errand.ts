// Runs one errand: connects as a delivery does, with its TLS, log-in and timeouts, and says QUIT. Promises: it ends within the time limit, with one
// outcome.

import type { Deadline } from '../../io/deadlines.ts';
import { smtpDialect } from '../../protocol/smtp/client/dialect.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { LineContext } from '../connection-context.ts';
import { ServerLine } from '../smtp/server-line.ts';
import type { Errand, ErrandOutcome } from './types.ts';

/** A server may wait a while before it greets. */
const timeLimitMs = 60_000;
const maxText = 500;

/** Resolves to the outcome. It never rejects. */
export function runErrand(context: LineContext, errand: Errand): Promise<ErrandOutcome> {
  return new Promise((resolve) => {
    const line = new ErrandLine(context, errand, resolve);
    line.begin();
  });
}

class ErrandLine implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #context: LineContext;
  readonly #line: ServerLine;
  readonly #told: (outcome: ErrandOutcome) => void;
  #isTold = false;
  #isEnded = false;
  #isPumping = false;

  constructor(context: LineContext, { hop }: Errand, told: (outcome: ErrandOutcome) => void) {
    this.#context = context;
    this.#told = told;
    this.#line = new ServerLine(context, hop, { source: '' }, smtpDialect, {
      connected: () => this.#pump(),
      received: () => this.#pump(),
      lost: (reason, _isLocal, code) => this.#lost(reason, code),
      expired: () => this.#lost('timed out', ''),
    });
  }

  begin(): void {
    this.#context.deadlines.set(this, timeLimitMs);
  }

  expired(): void {
    this.#end('it took too long');
  }

  #lost(reason: string, code: string): void {
    if (this.#isEnded || this.#line.triesAgain(reason, code)) return;
    this.#end(reason);
  }

  /** Acts on the events of the session, and sends what there is to send. */
  #pump(): void {
    if (this.#isPumping || this.#isEnded) return;
    this.#isPumping = true;
    for (let event = this.#next(); event !== undefined && !this.#isEnded; event = this.#next()) {
      switch (event.kind) {
        case 'handshake':
        case 'login':
        case 'derive':
          this.#line.secure(event, () => this.#pump());
          break;
        case 'ready':
          this.#ready();
          break;
        case 'failed':
          this.#line.failed(event.failure);
          this.#line.wire.flush();
          this.#end(failureText(event.failure));
          break;
        case 'close':
          this.#line.wire.flush();
          this.#end('the session has ended');
          break;
        case 'content':
        case 'done':
          this.#end('a reply that answers no command');
          break;
      }
    }
    this.#isPumping = false;
    if (this.#isEnded) return;
    this.#line.wire.flush();
    this.#line.wire.timer.run();
  }

  #next() {
    return this.#line.wire.session.next();
  }

  #ready(): void {
    this.#tell({ kind: 'answered' });
    this.#line.wire.session.quit();
  }

  /** The outcome is known. The answer to QUIT changes nothing. */
  #tell(outcome: ErrandOutcome): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#context.deadlines.set(this, this.#context.settings.timeouts.quitMs);
    this.#told(outcome);
  }

  /** Closes. @param reason - why it failed, if it has no outcome yet */
  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { wire } = this.#line;
    wire.timer.stop();
    if (this.#isTold) wire.socket.leave(this.#context.deadlines);
    else wire.socket.destroy();
    this.#tell({ kind: 'failed', reason: reason.slice(0, maxText) });
    this.#context.deadlines.clear(this);
  }
}
