// Mail for users of the system, as [local] of the configuration describes it. Plain data, which is sent between processes.

/** Which file of a user says what becomes of the mail. */
export type InstructionFiles = 'qmail' | 'forward';

/** What people are told of such a route. */
export const systemWayText = 'is delivered as the user of the system whose name the address has';

/** What the entries of aliases may name, beside addresses. */
export type AliasPermit = 'program' | 'file' | 'include';

export interface SystemSettings {
  /** Paths of files such as /etc/aliases, asked in this order; they come before users. */
  readonly aliases: readonly string[];
  readonly permits: readonly AliasPermit[];
  readonly instructions: InstructionFiles;
  /** Where mail goes that no file says anything about: `./Maildir/`, or the path of an mbox; `${user}` stands for the user. */
  readonly mailbox: string;
  /** Characters that separate a user from an extension; empty: there are no extensions. */
  readonly separators: string;
  /** Who gets mail that is for no user of the system, and runs what aliases name; undefined: `alias` if there is such a user, else `nobody` for aliases. */
  readonly aliasUser?: string | undefined;
  /** Users with a smaller number get no mail: they are not people. */
  readonly leastUid: number;
  /** Deliveries to one user at the same time. */
  readonly perUser: number;
  /** How long the delivery of a message to a user may take. */
  readonly timeMs: number;
  /** Of each program that a user names: its address space; undefined: no limit. */
  readonly memoryBytes?: number | undefined;
  /** Processes that the user may have when a program starts another one. */
  readonly processes: number;
  /** Of what a program prints. */
  readonly outputBytes: number;
}

/** Mail is delivered as the user of the system whose name the address has. */
export interface SystemWay extends SystemSettings {
  readonly kind: 'local';
}
