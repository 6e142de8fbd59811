// What follows from commands that no stage is asked about: XFORWARD, ETRN, VRFY, and those that nobody knows.

import type { EtrnAnswer } from '../policy/backup/types.ts';
import type { Reply, ServerEvent } from '../protocol/smtp/server/server-types.ts';
import type { EtrnNode } from '../values/etrn-node.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { formatDuration } from '../values/duration.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { SessionAnswers } from './session-answers.ts';

/** Of one session. A primary server has one domain or a few; each costs a look at the queue. */
const mostEtrn = 20;

export type OtherCommand = Extract<
  ServerEvent,
  { readonly kind: 'xforward' | 'etrn' | 'vrfy' | 'unrecognized' }
>;

export interface OtherWaiting {
  hold(): void;
  resume(): void;
}

export class OtherCommands {
  readonly #desk: ReceiveContext['etrn'];
  readonly #session: ServerSession;
  readonly #answers: SessionAnswers;
  readonly #waiting: OtherWaiting;
  #etrns = 0;
  #isGone = false;

  constructor(
    { etrn }: Pick<ReceiveContext, 'etrn'>,
    session: ServerSession,
    answers: SessionAnswers,
    waiting: OtherWaiting,
  ) {
    this.#desk = etrn;
    this.#session = session;
    this.#answers = answers;
    this.#waiting = waiting;
  }

  take(event: OtherCommand): void {
    switch (event.kind) {
      case 'xforward':
        this.#answers.forwarded(event.facts);
        break;
      case 'etrn':
        this.#etrn(event.node);
        break;
      case 'vrfy':
        this.#session.accept();
        break;
      case 'unrecognized':
        this.#answers.unrecognized(event.line);
        break;
    }
  }

  /** The client has gone. */
  gone(): void {
    this.#isGone = true;
  }

  #etrn(node: EtrnNode): void {
    const desk = this.#desk;
    if (desk === undefined || ++this.#etrns > mostEtrn) {
      this.#session.reject({ code: 458, enhanced: '4.7.0', text: 'Too many ETRN in this session' });
      return;
    }
    this.#waiting.hold();
    void desk.etrn(node).then((answer) => {
      if (this.#isGone) return;
      this.#answers.etrn(node, replyTo(node, answer));
      this.#waiting.resume();
    });
  }
}

/** RFC 1985 5.3. */
function replyTo({ form, name }: EtrnNode, answer: EtrnAnswer): Reply {
  const node = form === 'queue' ? `queue ${name}` : `node ${name}`;
  switch (answer.kind) {
    case 'started':
      return answer.messages === undefined
        ? { code: 250, enhanced: '2.0.0', text: `OK, queuing for ${node} started` }
        : {
            code: 253,
            enhanced: '2.0.0',
            text: `OK, ${answer.messages} pending messages for ${node} started`,
          };
    case 'nothing':
      return { code: 251, enhanced: '2.0.0', text: `OK, no messages waiting for ${node}` };
    case 'not-allowed':
      return {
        code: 459,
        enhanced: '4.7.1',
        text: `${capital(node)} not allowed: this server keeps no mail for it`,
      };
    case 'busy': {
      const again = formatDuration(Math.ceil(answer.againMs / 1000) * 1000);
      return {
        code: 458,
        enhanced: '4.7.0',
        text: `Unable to queue messages for ${node}: asked for just now, wait ${again}`,
      };
    }
    case 'failing':
      return {
        code: 458,
        enhanced: '4.3.0',
        text: `Unable to queue messages for ${node} now, try again later`,
      };
  }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
