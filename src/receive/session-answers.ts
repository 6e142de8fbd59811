// The refusals of a session: each is logged, and carries the host's name where RFC 5321 wants it.

import type { Decision } from '../policy/decision.ts';
import type { LaterAnswer } from '../protocol/smtp/server/later-answer.ts';
import { asReply, Replies } from '../protocol/smtp/server/replies.ts';
import type { ForwardedFacts, Reply } from '../protocol/smtp/server/server-types.ts';
import type { EtrnNode } from '../values/etrn-node.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import { withNews } from './told-clients.ts';

/** What the log says of a client that gets no reply. */
const dropped: Reply = { code: 421, text: 'closed without a reply' };

/** The stage that has refused, and why it failed, if that was the reason. */
export interface RefusedBy {
  readonly stage: string;
  readonly failure?: string;
}

export class SessionAnswers {
  readonly #context: ReceiveContext;
  readonly #session: ServerSession;
  readonly #facts: ReceivedSession;

  constructor(context: ReceiveContext, session: ServerSession, facts: ReceivedSession) {
    this.#context = context;
    this.#session = session;
    this.#facts = facts;
    const { notices } = context.pipelines;
    facts.notices = notices;
    if (notices?.areOfLines === true) {
      session.foreword.overhear({
        said: (line) => notices.commandReceived(facts, line),
        replied: (bytes) => notices.repliesSent(facts, bytes),
      });
    }
  }

  /** Answers a command when stages have refused it; notes that the message is to be dropped. @returns whether they refused */
  isRefused(command: string, decision: Decision, recipient = ''): boolean {
    switch (decision.kind) {
      case 'continue':
        return false;
      case 'discard':
        this.#facts.transaction.drop(decision);
        return false;
      case 'disconnect':
        this.disconnect(command, decision.reply, decision, recipient);
        return true;
      case 'drop':
        this.drop(command, decision.stage, recipient);
        return true;
      case 'reject':
      case 'tempfail': {
        const { reply } = decision;
        if (reply.code === 421) this.disconnect(command, reply, decision, recipient);
        else this.reject(command, reply, this.#facts.reversePath, recipient, decision);
        return true;
      }
    }
  }

  /** Ends the session of a client that stages have refused. */
  refuseClient(
    command: string,
    decision: Exclude<Decision, { readonly kind: 'continue' | 'discard' }>,
  ): void {
    if (decision.kind === 'drop') {
      this.drop(command, decision.stage);
      return;
    }
    const { reply, kind } = decision;
    // RFC 5321 4.3.2: a connection is refused with 554, or with 421 for now.
    const code = kind === 'reject' || reply.code >= 500 ? 554 : 421;
    this.disconnect(command, { ...reply, code }, decision);
  }

  /** Sends this reply, and ends the session. */
  disconnect(command: string, reply: Reply, by?: RefusedBy, recipient = ''): void {
    this.#log(command, reply, this.#facts.reversePath, recipient, by);
    // RFC 5321 4.2.2: a 421 begins with our domain.
    const [first = '', ...more] = typeof reply.text === 'string' ? [reply.text] : reply.text;
    const text = reply.code === 421 ? [`${this.#context.settings.hostname} ${first}`, ...more] : reply.text;
    this.#session.refuse({ ...reply, text });
  }

  /** Ends the session without a reply. */
  drop(command: string, stage: string, recipient = ''): void {
    this.#log(command, dropped, this.#facts.reversePath, recipient, { stage });
    this.#session.refuse(undefined);
  }

  /** Answers the event that waits for an answer. @param by - undefined when it was no stage that refused */
  reject(command: string, reply: Reply, reversePath: string, recipient: string, by?: RefusedBy): void {
    this.#log(command, reply, reversePath, recipient, by);
    this.#session.reject(reply);
    if (command === 'RCPT') this.#facts.notices?.recipientRefused(this.#facts, reply, by?.stage ?? '');
  }

  /** Answers XFORWARD: what is said in several commands adds up (XFORWARD_README). */
  forwarded(news: ForwardedFacts): void {
    this.#facts.forwarded = withNews(this.#facts.forwarded, news);
    this.#session.accept();
  }

  /** Answers a command that nobody knows. */
  unrecognized(line: string): void {
    this.#facts.notices?.commandUnrecognized(this.#facts, line);
    this.#session.reject(asReply(Replies.unrecognized));
  }

  /** Answers ETRN. What it started is in the log, too. */
  etrn(node: EtrnNode, reply: Reply): void {
    this.#context.log.asked(this.#facts.client.address, node, reply);
    this.#session.reject(reply);
  }

  /** Answers a message that waited for stable storage. */
  rejectLater(answer: LaterAnswer, reply: Reply, reversePath: string): void {
    this.#log('content', reply, reversePath, '');
    answer.reject(reply);
  }

  /** Logs why the session itself refuses the content, which it does at the end of the content. */
  logContentRefusal(): void {
    const { contentRefusal } = this.#session;
    if (contentRefusal !== undefined) this.#log('content', contentRefusal, this.#facts.reversePath, '');
  }

  #log(command: string, reply: Reply, reversePath: string, recipient: string, by?: RefusedBy): void {
    const { address } = this.#facts.client;
    this.#context.log.rejected(address, command, reply, reversePath, recipient, by?.stage, by?.failure);
  }
}
