// Every message that passes between roles: the same types in one process and across processes.

import type { Config } from '../config/config.ts';
import type { Delivered } from '../deliver/delivered-lately.ts';
import type { AttemptResult, CloseReport, ConnectGrant, Work } from '../deliver/types.ts';
import type { AcceptedMessage } from '../receive/types.ts';
import type { ReportedTrouble } from '../stats/trouble-board.ts';
import type { Trouble } from '../stats/troubles.ts';

/** The first message of a role that connects to the manager. */
export interface Hello {
  readonly kind: 'hello';
  readonly role: 'receiver' | 'sender' | 'control';
  /** Index among the processes of the same role. */
  readonly index: number;
  /** Which process it is: no two that one supervisor started have the same. */
  readonly serial: number;
  /** Of a sender: what it delivered lately, for a manager that may not know of it. */
  readonly delivered?: readonly Delivered[];
}

/** A message is on stable storage and its client has heard 250 (or is about to). */
export type Submitted = { readonly kind: 'submitted' } & AcceptedMessage;

export type ReceiverToManager = Hello | Submitted;

export type ManagerToSender =
  | ({ readonly kind: 'connect' } & ConnectGrant)
  | { readonly kind: 'transact'; readonly connection: number; readonly work: Work }
  | { readonly kind: 'close'; readonly connection: number };

export type SenderToManager =
  | Hello
  | { readonly kind: 'ready'; readonly connection: number }
  | {
      readonly kind: 'done';
      readonly connection: number;
      readonly results: readonly AttemptResult[];
      readonly reusable: boolean;
    }
  | { readonly kind: 'closed'; readonly connection: number; readonly report: CloseReport };

/** Operators' requests; answered by `Response` with the same id. */
export interface Request {
  readonly kind: 'request';
  readonly id: number;
  readonly operation: string;
  readonly parameters: unknown;
}

export type Response =
  | { readonly kind: 'response'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'response';
      readonly id: number;
      readonly error: OperationError;
    };

/** What an operator is told when something could not be done. */
export interface OperationError {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

export type ControlToManager = Hello | Request;

/** What the supervisor tells the process of a role. */
export type SupervisorToRole =
  | ({ readonly kind: 'start'; readonly config: Config } & RoleStart)
  /** Answered by `alive` at once. */
  | { readonly kind: 'ping' }
  /** To the manager: this sender process has ended, and with it every connection that it had. */
  | { readonly kind: 'senderEnded'; readonly serial: number }
  /** A new configuration that has been checked. */
  | { readonly kind: 'configure'; readonly config: Config }
  /** No new work from here on: what is in hand is finished by the others within the grace. */
  | { readonly kind: 'drain' }
  /** Finish what is in hand within the grace, then exit. */
  | { readonly kind: 'stop'; readonly graceMs: number }
  | ({ readonly kind: 'reloaded' } & ReloadAnswer)
  /** To the control process, which tells operators: what is wrong in all processes right now. */
  | { readonly kind: 'troubles'; readonly troubles: readonly ReportedTrouble[] };

/** How a reload went. */
export interface ReloadAnswer {
  /** Why the new configuration was refused; empty when it is in force. */
  readonly problem: string;
  /** Keys that were changed and need a restart. */
  readonly afterRestart: readonly string[];
  /** The file that was read, absolute; none: there is no file, and the defaults are in force. */
  readonly file?: string | undefined;
}

/** What the process of a role is told of itself. */
export interface RoleStart {
  /** Index among the processes of the same role. */
  readonly index: number;
  readonly serial: number;
  /** To the manager: the sender processes that live, and may have connections of an earlier manager. */
  readonly senders: readonly number[];
}

/** What the process of a role tells the supervisor. */
export type RoleToSupervisor =
  | { readonly kind: 'alive' }
  /** From the manager: it grants nothing before these sender processes have said hello or have ended. */
  | { readonly kind: 'awaits'; readonly senders: readonly number[] }
  | { readonly kind: 'started'; readonly facts: RoleFacts }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly advice: string }
  /** An operator asks for the configuration to be read again; answered by `reloaded`. */
  | { readonly kind: 'reload' }
  /** What is wrong in this process right now; replaces what it said before. */
  | { readonly kind: 'troubles'; readonly troubles: readonly Trouble[] };

/** What a person may want to know once a role runs. */
export interface RoleFacts {
  readonly listening?: readonly string[];
  readonly recovered?: number;
}
