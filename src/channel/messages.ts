// All messages between roles, and between the supervisor and the processes of roles.

import type { Counted, CountersSoFar, TotalsSoFar } from './count-messages.ts';
import type { CrashTested } from './crash-test-messages.ts';
import type { AskedQueueState, QueueStateSet } from './queue-state-messages.ts';
import type { MailboxTold } from './mailbox-messages.ts';
import type { PasswordStored, StorePassword } from './password-messages.ts';
import type { Config } from '../config/config.ts';
import type { Delivered } from '../deliver/delivered-lately.ts';
import type { PipeRun } from '../deliver/pipe/programs.ts';
import type { SystemEnd } from '../deliver/system/system-runs.ts';
import type { AttemptResult, CloseReport, ConnectGrant, Work } from '../deliver/types.ts';
import type { CrashRole, CrashWay } from '../control/operations/crash-test.ts';
import type { Counters } from '../log/event-counters.ts';
import type { AggregatedPortion } from '../reports/dmarc-collector.ts';
import type { AcceptedMessage } from '../receive/types.ts';
import type { ReportedTrouble } from '../stats/trouble-board.ts';
import type { Trouble } from '../stats/troubles.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import type { GivenIdentities, TlsMaterial } from '../tls/tls-material.ts';
import type { GivenSrsSecrets } from '../srs/srs-secrets.ts';
import type { GivenSecrets } from '../values/secret.ts';
import type { ListenAddress } from '../values/listen-address.ts';
import type { SendingWay } from '../values/pipelining.ts';
import type { TlsOutcome } from '../values/tls-outcome.ts';
import type { Defend, Defended, Learn, NoteRate, VisitEnded } from './defence-messages.ts';
import type { ErrandRun, RunErrand } from './errand-messages.ts';
import type { GiveUpRoom, ReserveRoom, RoomTold } from './room-messages.ts';
import type { Charge, Charged, Release } from './sending-messages.ts';

/** The first message of a role that connects to the manager. */
export interface Hello {
  readonly kind: 'hello';
  readonly role: 'receiver' | 'sender' | 'control' | 'pop3';
  /** Index among the processes of the same role. */
  readonly index: number;
  /** Identifies the process: a supervisor gives each process that it starts a number of its own. */
  readonly serial: number;
  /** Proves role and number (`pass.ts`); none where the roles share one process. */
  readonly pass?: string;
  /** Of a sender: its recent deliveries, for a manager that may not know of them. */
  readonly delivered?: readonly Delivered[];
  /** Of a receiver, a sender or POP3: its counters, for a manager that does not know them. */
  readonly counters?: Counters;
}

/** The first message of a role that connects to the keys process. */
export interface KeysHello extends Pick<Hello, 'kind' | 'index' | 'serial' | 'pass'> {
  readonly role: 'receiver' | 'sender' | 'manager' | 'control' | 'pop3';
}

/** A message is on stable storage and its client has heard 250 (or is about to). */
export type Submitted = { readonly kind: 'submitted' } & AcceptedMessage;

/** What the process for POP3 tells: counts, and mailboxes that have room again. */
export type Pop3ToManager = CountersSoFar | MailboxTold;

/** What was found out about mail since the last of these, for reports of DMARC. */
export type Aggregated = { readonly kind: 'aggregated' } & AggregatedPortion;

export type ReceiverToManager =
  | Hello
  | Submitted
  | CountersSoFar
  | Charge
  | Release
  | ReserveRoom
  | GiveUpRoom
  | Defend
  | NoteRate
  | Learn
  | VisitEnded
  | Aggregated
  /** The answer to what an operator asks a receiver. */
  | Response;

export type ManagerToReceiver = Charged | RoomTold | Defended | MailboxTold | Asked;

export type ManagerToSender =
  | ({ readonly kind: 'connect' } & ConnectGrant)
  | { readonly kind: 'transact'; readonly connection: number; readonly work: Work }
  | { readonly kind: 'close'; readonly connection: number }
  | RunErrand;

export type SenderToManager =
  | Hello
  | CountersSoFar
  /** With a depth above 1, so many transactions may be on the way on the connection: begun, and without results. */
  | {
      readonly kind: 'ready';
      readonly connection: number;
      readonly tls?: TlsOutcome;
      readonly depth?: number;
      /** How commands and content are sent; left out for `group`. */
      readonly way?: SendingWay;
      /** By which it has logged in; left out where it has not. */
      readonly mechanism?: string;
    }
  | {
      readonly kind: 'done';
      readonly connection: number;
      readonly results: readonly AttemptResult[];
      readonly reusable: boolean;
    }
  | { readonly kind: 'closed'; readonly connection: number; readonly report: CloseReport }
  | MailboxTold
  | ErrandRun;

/** A question of an operator's; answered by the `Response` with the same id. Each end checks what arrives. */
export interface Request {
  readonly kind: 'request';
  readonly id: number;
  readonly operation: string;
  readonly question: unknown;
}

/** What the asking end of operations sends. */
export type Asked =
  | Request
  /** The answer is not needed any more, or as it is now. */
  | { readonly kind: 'cancel'; readonly id: number };

export type Response =
  /** What comes before an answer, such as progress. */
  | { readonly kind: 'parts'; readonly id: number; readonly parts: readonly unknown[] }
  | { readonly kind: 'response'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'response'; readonly id: number; readonly error: OperationError };

/** Why an operator's request failed. */
export interface OperationError {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

export type ControlToManager = Hello | Asked;

/** Messages of the supervisor to the process of a role. */
export type SupervisorToRole =
  | ({ readonly kind: 'start'; readonly config: Config } & RoleStart)
  /** Answered by `alive` at once. */
  | { readonly kind: 'ping' }
  /** To the manager: this sender process has ended, and all its connections with it. */
  | { readonly kind: 'senderEnded'; readonly serial: number }
  /** A new configuration that has been checked; a receiver answers with the `configured` of the same number. */
  | { readonly kind: 'configure'; readonly config: Config; readonly reload: number }
  /** The log file was put aside: write to the one that has its name now. */
  | { readonly kind: 'reopenLog' }
  /** To the manager: give out no new work; the other roles finish the transactions in hand within the grace. */
  | { readonly kind: 'drain' }
  /** Finish the work in hand within the grace, then exit. */
  | { readonly kind: 'stop'; readonly graceMs: number }
  | ({ readonly kind: 'reloaded' } & ReloadAnswer)
  | PortAnswer
  | ProgramAnswer
  /** Crash now, in this way: an operator tests what follows. */
  | { readonly kind: 'crash'; readonly by: CrashWay }
  | CrashTested
  | QueueStateSet
  | PasswordStored
  /** To the manager: hold these messages; or, when they are held already, know why. */
  | { readonly kind: 'setAside'; readonly messages: readonly SetAsideMessage[]; readonly areKnown: boolean }
  /** To a receiver: the certificates and keys that it serves from now on. Follows `start`, and comes again after each change. */
  | { readonly kind: 'certificates'; readonly material: TlsMaterial }
  /** To a sender: the certificates that it shows to servers which ask for one. Comes as `certificates` does. */
  | { readonly kind: 'identities'; readonly identities: GivenIdentities }
  /** To a sender: passwords and tokens of the credentials that it logs in with. Follows `start`, and comes again after each change. */
  | { readonly kind: 'secrets'; readonly secrets: GivenSecrets }
  /** To senders, receivers and the manager: what senders are rewritten with, and SRS addresses reversed. Comes as `secrets` does. */
  | { readonly kind: 'srs'; readonly secrets: GivenSrsSecrets }
  /** To the manager: the secrets of these credentials are others, so a host that refused the former ones may be tried at once. */
  | { readonly kind: 'renewed'; readonly credentials: readonly string[] }
  /** To the control process: what receivers serve. */
  | { readonly kind: 'served'; readonly certificates: readonly CertificateFacts[] }
  /** To the control process, which tells operators: the current troubles of all processes. */
  | { readonly kind: 'troubles'; readonly troubles: readonly ReportedTrouble[] }
  | TotalsSoFar;

/** A message that was in hand at several crashes. */
export interface SetAsideMessage {
  readonly queueId: string;
  readonly reason: string;
}

/** A receiver that may not bind ports asks the supervisor for one of the configuration. */
export interface AskedPort {
  readonly kind: 'askPort';
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** The answer to the `AskedPort` with the same id. A socket comes along, unless there is a code. */
export interface PortAnswer {
  readonly kind: 'port';
  readonly id: number;
  /** The system's error code, such as `EADDRINUSE`. */
  readonly code?: string;
  readonly reason?: string;
}

/** A sender asks for a program of a [[route]] as another user: which one, and as whom, the configuration says. */
export type AskedProgram = Omit<PipeRun, 'way'> & {
  readonly kind: 'runProgram';
  readonly id: number;
  /** For users of the system: the message was for an alias, which is not looked up again. */
  readonly isExpanded?: true;
};

/** The answer to the `AskedProgram` with the same id. */
export interface ProgramAnswer {
  readonly kind: 'programEnded';
  readonly id: number;
  readonly end: SystemEnd;
}

/** The outcome of a reload. */
export interface ReloadAnswer {
  /** Why the new configuration was refused; empty when it is in force. */
  readonly problem: string;
  /** Keys that were changed and need a restart. */
  readonly afterRestart: readonly string[];
  /** For each listener that is not open, a sentence that says why. */
  readonly notOpen: readonly string[];
  /** Sentences about what is in force, and may not be what the operator wants. */
  readonly warnings?: readonly string[] | undefined;
  /** Absolute path of the file that was read; undefined: there is no file, and the defaults are in force. */
  readonly file?: string | undefined;
}

/** A socket that the process of a role has from its start. */
export interface GivenSocket {
  readonly fd: number;
  /** As the service manager calls it. */
  readonly name: string;
  /** What it listens on, if that is known. */
  readonly address?: ListenAddress | undefined;
}

/** What the process of a role has to know at its start, beside the configuration. */
export interface RoleStart {
  /** Index among the processes of the same role. */
  readonly index: number;
  readonly serial: number;
  /** For the manager and the keys process: the key of all passes to it. For the others: their own pass to the manager (`pass.ts`). */
  readonly pass: string;
  /** For all others: their pass for the keys process, which has a key of its own. */
  readonly keysPass?: string;
  /** It has a file for its trail (`crash/trail.ts`). Left out: it has none. */
  readonly hasTrail?: boolean;
  /** For receivers: sockets that the service manager has handed over, with their descriptors in the receiver. */
  readonly handed?: readonly GivenSocket[] | undefined;
  /** For the manager: serials of the running sender processes, which may have connections of an earlier manager. */
  readonly senders: readonly number[];
}

/** Messages of the process of a role to the supervisor. */
export type RoleToSupervisor =
  | { readonly kind: 'alive' }
  /** From the manager: it grants nothing until each of these sender processes has said hello or has ended. */
  | { readonly kind: 'awaits'; readonly senders: readonly number[] }
  | { readonly kind: 'started'; readonly facts: RoleFacts }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly advice: string }
  | AskedPort
  | AskedProgram
  | StorePassword
  /** From a sender: the program of this number must end. */
  | { readonly kind: 'endProgram'; readonly id: number }
  /** From a receiver: each listener of this configuration is open, except those that `notOpen` has a sentence about. */
  | { readonly kind: 'configured'; readonly reload: number; readonly notOpen: readonly string[] }
  /** From the control process: an operator wants a process to crash; answered by the `crashTested` of the same id. */
  | {
      readonly kind: 'crashTest';
      readonly id: number;
      readonly role: CrashRole;
      readonly index: number;
      readonly by: CrashWay;
    }
  | AskedQueueState
  /** An operator asks for the configuration to be read again; answered by `reloaded`. */
  | { readonly kind: 'reload' }
  /** Of the control process: all processes have to open the log file again. */
  | { readonly kind: 'reopenLog' }
  /** The current troubles of this process; replaces its earlier list. */
  | { readonly kind: 'troubles'; readonly troubles: readonly Trouble[] }
  | Counted;

/** Facts about a role that has started, for the lines that Sluice prints at its start. */
export interface RoleFacts {
  readonly listening?: readonly string[];
  /** Of POP3. */
  readonly pop3Listening?: readonly string[];
  readonly recovered?: number;
}
