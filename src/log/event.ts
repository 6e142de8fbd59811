// The vocabulary of the log: the events of messages and connections, and the fields of their lines.
// docs/log.md has the same list for the people who read logs.

/** What happened, in one word. Names never change once released: people search for them. */
export type EventName =
  /** A message is accepted and on stable storage. */
  | 'received'
  /** A client was refused: a connection, a command, a recipient or a message. */
  | 'rejected'
  /** A message was refused because it has passed too many hosts: it is in a mail loop. */
  | 'looped'
  /** A message was not taken, because a sending limit is used up. */
  | 'sendingLimited'
  /** The tenant of a message has no room left in the queue. Only counted: the lines `rejected` say so. */
  | 'queueFull'
  /** A client has named too many recipients that do not exist: its session ends, and its network may be refused for a while. */
  | 'guessing'
  /** A client has asked by ETRN for mail that waits. */
  | 'etrn'
  /** A client has put TLS over its connection, or one of ours is under TLS. Only counted: the lines of messages have version and cipher. */
  | 'secured'
  /** TLS was wanted on a connection of ours, and it went in clear. Only counted. */
  | 'clear'
  /** A connection of ours had not the TLS that its policy demands. Only counted: the refusal of the message says why. */
  | 'tlsFailed'
  /** The TLS handshake of a client has failed. */
  | 'handshakeFailed'
  /** A client has logged in. */
  | 'authenticated'
  /** A client has tried to log in, and was not let in. */
  | 'authenticationFailed'
  /** The password of a user is another one now. */
  | 'passwordChanged'
  /** A user has had the mailbox open by POP3, and the session has ended. */
  | 'pop3Session'
  /** A load balancer has sent no proper PROXY header. */
  | 'proxyHeaderFailed'
  /** A message of somebody else was verified by SPF, DKIM and DMARC. */
  | 'verified'
  /** A stage that is only tested would have refused or changed something. */
  | 'tested'
  /** A table of checks says something about a line of a message. */
  | 'checked'
  /** A message was accepted and dropped, because a stage decided so. It was never stored. */
  | 'discarded'
  /** One recipient's message was handed over. */
  | 'delivered'
  /** A mailbox of this host had no room for a message. Only counted: the lines `deferred` and `bounced` say so. */
  | 'overQuota'
  /** One recipient's message was not taken now; it waits for its next attempt. */
  | 'deferred'
  /** One recipient's message failed for good; its sender is told, if there is one who wants to know. */
  | 'bounced'
  /** A tap asks for a copy of a message, which is accepted with it. */
  | 'copied'
  /** Which taps there are: at the start, and at each change. */
  | 'tapsChanged'
  /** A copy could not be handed over. Nobody is told but the log. */
  | 'copyFailed'
  /** A message with the empty sender failed, and nobody is told. */
  | 'dropped'
  /** An administrator took one recipient out of the queue. */
  | 'removed'
  /** An administrator let a held message go on. */
  | 'released'
  /** One recipient waits in another queue now, under another queue id. */
  | 'moved';

/** What a field may hold. */
export type LogValue = string | number | boolean | undefined | null | readonly string[];

/** Fields of any line; those with a meaning of their own are named here. Flat: cheap to write, easy to search. */
export interface LogFields {
  /** Queue id. */
  readonly id?: string | undefined;
  /** Reverse path; empty for the null sender. */
  readonly from?: string | undefined;
  /** Forward path, or several. */
  readonly to?: string | readonly string[] | undefined;
  /** IP address of a client. */
  readonly client?: string | undefined;
  /** The name that a client gave in HELO or EHLO. */
  readonly helo?: string | undefined;
  /** The command that a client was refused. */
  readonly command?: string | undefined;
  /** The stage that decided, when a client was refused or a message discarded. */
  readonly stage?: string | undefined;
  /** Bytes of the message. */
  readonly size?: number | undefined;
  /** The site mail was or would be handed to. */
  readonly site?: string | undefined;
  /** Our own address of an outgoing connection. */
  readonly source?: string | undefined;
  /** IP address of a destination. */
  readonly remote?: string | undefined;
  /** Name of a destination: the MX or smarthost that the address belongs to. */
  readonly host?: string | undefined;
  /** The reply of the other end, or the reply to it. */
  readonly reply?: string | undefined;
  /** The reason, when it was not a reply. */
  readonly reason?: string | undefined;
  /** Failed attempts so far, this one included. */
  readonly attempts?: number | undefined;
  /** ISO 8601 time of the next attempt. */
  readonly nextAttempt?: string | undefined;
  /** The keys that signed the message, by the names under which they are published. */
  readonly signed?: readonly string[] | undefined;
  /** Why a message was not signed that should have been. */
  readonly unsigned?: string | undefined;
  /** True when the recipient failed because its lifetime was over. */
  readonly expired?: boolean | undefined;
  /** Milliseconds from acceptance to this event. */
  readonly delayMs?: number | undefined;
  /** Milliseconds that it took to get a connection ready; 0 on one that was open already. */
  readonly connectMs?: number | undefined;
  /** Milliseconds from the beginning of the SMTP transaction to its end. */
  readonly transactionMs?: number | undefined;
  readonly [key: string]: LogValue;
}
