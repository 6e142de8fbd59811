// What happens to messages, one typed union for all roles. Each role has one writer; the log and the counters listen. A listener
// that needs no fields costs none: where nobody reads them, the writer only says how often something happened.
//
//   const events = new Events([logListener(log), counters]);
//   events.happened('rejected', { client, command, reply, from, to });
//   if (events.areRead) ...gather fields...  else events.counted('delivered', 3);

import type { EventName } from './event.ts';
import type { Logger } from './logger.ts';
import type { AuthenticatedFields, AuthenticationFailedFields, Pop3SessionFields } from './login-fields.ts';
import type { LoopedFields } from './looped-fields.ts';
import type { QueueEventFields } from './queue-fields.ts';
import type { CopiedFields, CopyFailedFields, TapsChangedFields } from './tap-fields.ts';

type Text = string | undefined;

/** The fields of each event. docs/log.md explains them to the people who read logs. */
interface EventFields extends QueueEventFields {
  readonly received: {
    readonly id: string;
    /** The queue id that stages have seen, before a rule gave the message to another queue. */
    readonly begunAs?: Text;
    readonly from: string;
    readonly to: readonly string[];
    /** SRS addresses that the client gave, and that were turned back into recipients. */
    readonly given?: readonly string[] | undefined;
    readonly client?: Text;
    readonly frontEnd?: Text;
    readonly login?: Text;
    readonly via?: Text;
    readonly helo?: Text;
    /** Of a report: the message that it is about. */
    readonly about?: Text;
    readonly size: number;
    readonly tenant?: Text;
    /** Its name; undefined for the default one. */
    readonly queue?: Text;
    readonly priority?: number | undefined;
    readonly quarantine?: Text;
    /** What stages have marked it as: `rspamd: spam`. */
    readonly marked?: readonly string[] | undefined;
    /** When a paced message may go out. */
    readonly turn?: Text;
    readonly signed?: readonly string[] | undefined;
    readonly unsigned?: Text;
    readonly tlsVersion?: Text;
    readonly tlsCipher?: Text;
    readonly transactionMs?: number | undefined;
    /** What a front end said by XFORWARD. */
    readonly forwardedClient?: Text;
    readonly forwardedName?: Text;
    readonly forwardedPort?: Text;
    readonly forwardedProtocol?: Text;
    readonly forwardedHelo?: Text;
    readonly forwardedId?: Text;
    readonly forwardedSource?: Text;
  };
  readonly secured: Readonly<Record<never, never>>;
  readonly clear: Readonly<Record<never, never>>;
  readonly tlsFailed: Readonly<Record<never, never>>;
  readonly overQuota: Readonly<Record<never, never>>;
  readonly queueFull: Readonly<Record<never, never>>;
  readonly handshakeFailed: {
    readonly client: string;
    readonly reason: string;
    readonly handshakeMs: number;
  };
  readonly authenticated: AuthenticatedFields;
  readonly authenticationFailed: AuthenticationFailedFields;
  readonly passwordChanged: { readonly user: string };
  readonly pop3Session: Pop3SessionFields;
  readonly proxyHeaderFailed: { readonly frontEnd: string; readonly reason: string };
  readonly rejected: {
    readonly client: string;
    readonly command: string;
    readonly stage?: Text;
    readonly from: string;
    readonly to: string;
    readonly reply: string;
    readonly reason?: Text;
  };
  readonly looped: LoopedFields;
  readonly sendingLimited: {
    readonly client?: Text;
    readonly login?: Text;
    readonly tenant?: Text;
    readonly from: string;
    readonly by: string;
    readonly key: string;
    readonly limit: string;
    readonly again?: Text;
  };
  readonly guessing: {
    readonly client: string;
    readonly unknown: number;
    readonly key?: Text;
    readonly again?: Text;
  };
  readonly etrn: {
    readonly client: string;
    /** As in the command: a domain, `@domain` or `#queue`. */
    readonly node: string;
    readonly reply: string;
  };
  readonly verified: {
    readonly id: string;
    readonly from: string;
    readonly client?: Text;
    readonly helo: string;
    readonly spf: string;
    readonly spfDomain: string;
    readonly spfReason: string;
    readonly spfHelo?: Text;
    readonly dkim?: readonly string[] | undefined;
    readonly dmarc?: Text;
    readonly dmarcPolicy?: Text;
    readonly author?: Text;
    readonly arc?: Text;
    readonly arcSealers?: readonly string[] | undefined;
    readonly iprev: string;
    readonly clientName?: Text;
    readonly action?: Text;
    readonly wouldBe?: Text;
    readonly rule?: Text;
  };
  readonly checked: {
    readonly stage: string;
    readonly rule: string;
    readonly action: string;
    readonly text?: Text;
    readonly place?: Text;
    readonly line?: Text;
    readonly more?: number;
    readonly id?: Text;
    readonly from?: Text;
    readonly client?: Text;
    readonly helo?: Text;
  };
  readonly tested: {
    readonly stage: string;
    readonly point: string;
    readonly wouldBe: string;
    readonly reply?: Text;
    readonly reason?: Text;
    readonly edits?: readonly string[] | undefined;
    readonly client?: Text;
    readonly helo?: Text;
    readonly id?: Text;
    readonly from?: Text;
    readonly to?: Text;
  };
  readonly discarded: {
    readonly from: string;
    readonly to: readonly string[];
    readonly client?: Text;
    readonly helo: string;
    readonly stage?: Text;
    readonly reason?: Text;
  };
  readonly delivered: {
    readonly id: string;
    readonly from: string;
    /** The sender that the server was told, when it was rewritten. */
    readonly sentAs?: Text;
    readonly to: string;
    readonly site: string;
    readonly source: string;
    readonly tenant?: Text;
    readonly queue?: Text;
    readonly remote?: Text;
    readonly host?: Text;
    readonly tlsVersion?: Text;
    readonly tlsCipher?: Text;
    readonly tlsVerification?: Text;
    readonly reply: string;
    readonly size: number;
    readonly delayMs: number;
    readonly connectMs: number;
    readonly transactionMs: number;
  };
  readonly deferred: {
    readonly id: string;
    readonly to: string;
    readonly source?: Text;
    readonly host?: Text;
    readonly remote?: Text;
    readonly reply: string;
    readonly attempts: number;
    readonly nextAttempt: string;
    readonly tenant?: Text;
    readonly queue?: Text;
  };
  readonly bounced: {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly queue?: Text;
    readonly reply: string;
    readonly host?: Text;
    readonly expired: boolean;
    readonly delayMs: number;
  };
  readonly copied: CopiedFields;
  readonly tapsChanged: TapsChangedFields;
  readonly copyFailed: CopyFailedFields;
  readonly dropped: {
    readonly id: string;
    readonly from: '';
    readonly to: readonly string[];
    readonly queue?: Text;
    readonly reason: string;
  };
}

/** One event: its name and its fields. */
export type SluiceEvent = {
  readonly [Name in EventName]: [name: Name, fields: EventFields[Name]];
}[EventName];

export interface EventListener {
  /** Whether it reads fields of events now. */
  readonly needsFields: boolean;
  happened(...event: SluiceEvent): void;
  /** It happened so often, and nobody reads the fields. */
  counted(name: EventName, times: number): void;
}

/** The writer of one role. */
export class Events {
  readonly #listeners: readonly EventListener[];

  constructor(listeners: readonly EventListener[]) {
    this.#listeners = listeners;
  }

  /** Whether fields are worth gathering; otherwise `counted` is enough. */
  get areRead(): boolean {
    for (const listener of this.#listeners) if (listener.needsFields) return true;
    return false;
  }

  happened(...event: SluiceEvent): void {
    for (const listener of this.#listeners) listener.happened(...event);
  }

  counted(name: EventName, times: number): void {
    if (times > 0) for (const listener of this.#listeners) listener.counted(name, times);
  }
}

/** The log as a listener: one line for each event. */
export function logListener(log: Pick<Logger, 'event' | 'isOn'>): EventListener {
  return {
    get needsFields() {
      return log.isOn('info');
    },
    happened: (name, fields) => log.event(name, fields),
    counted: () => undefined,
  };
}
