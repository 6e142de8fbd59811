// Ways out that end on this host, as a [[route]] describes them. Plain data, which is sent between processes.

import type { MailboxWay } from './mailbox-way.ts';
import type { SystemWay } from './system-way.ts';

/** How the exit code of a program is understood: by sysexits.h, or by qmail-command(8). */
export type ExitCodes = 'sysexits' | 'qmail';

/** Mail is handed to a program, one recipient a run. */
export interface PipeWay {
  readonly kind: 'pipe';
  /** The absolute path of the program, and its arguments, in which `${name}` stands for a fact of the mail. */
  readonly command: readonly string[];
  /** The user that it runs as, and the group if it is not the user's own; undefined: as the sender process. */
  readonly as?: { readonly user: string; readonly group?: string | undefined } | undefined;
  readonly timeMs: number;
  /** Of its address space (RLIMIT_AS); undefined: no limit. */
  readonly memoryBytes?: number | undefined;
  /** Of what it prints; a program that prints more is ended. */
  readonly outputBytes: number;
  readonly exitCodes: ExitCodes;
  /** Return-Path, X-Original-To and Delivered-To stand before the message. */
  readonly traceFields: boolean;
  /** A line `From sender date` before the message, as in an mbox. */
  readonly mboxFrom: boolean;
}

/** When a file of an archive ends and the next one begins. */
export type ArchiveRotation = 'never' | 'hourly' | 'daily' | 'monthly';

/** Mail is kept in files of this host, each message once for all of its recipients. */
export interface ArchiveWay {
  readonly kind: 'archive';
  readonly place:
    | { readonly kind: 'maildir'; readonly folder: string }
    | {
        readonly kind: 'file';
        readonly path: string;
        readonly rotate: ArchiveRotation;
        /** A file that has reached this size is followed by another one; undefined: no limit. */
        readonly mostBytes?: number | undefined;
      };
}

/** The recipient is replaced by others. */
export interface RedirectWay {
  readonly kind: 'redirect';
  /** Addresses; `@` and a domain is the recipient of the same name there. */
  readonly to: readonly string[];
}

/** Mail waits until somebody lets it go on. */
export interface HoldWay {
  readonly kind: 'hold';
  readonly reason: string;
}

export type LocalWay = PipeWay | ArchiveWay | MailboxWay | SystemWay | RedirectWay | HoldWay;
