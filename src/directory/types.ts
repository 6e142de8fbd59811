// What the rest of Sluice may ask of the directory: who a user is, and whether a password is right. Stored passwords are not among the
// answers: they stay in the process of the keys role.
// Promises: a question gets an answer and never an error; a source that cannot tell makes it `failing`, which is answered with 4xx, and is never
// taken for an unknown user or a wrong password.

import type { Autoreply } from '../values/autoreply.ts';
import type { QuotaLimits } from '../values/shared-quotas.ts';

/** What is known of a user. */
export interface User {
  /** In lower case, the domain in A-labels. Without a domain for a user of a source that knows names only. */
  readonly address: string;
  /** Other addresses of the same user. */
  readonly aliases: readonly string[];
  /** Addresses that the user may send from beside these: `joe@example.net`, or `@example.net` for all of a domain. */
  readonly senders: readonly string[];
  /** Where the user's mail is kept, in the words of the source. */
  readonly mailbox?: string | undefined;
  readonly quotaBytes?: number | undefined;
  readonly quotaMessages?: number | undefined;
  /** Of all mailboxes of the user's domain together; 0: no limit. */
  readonly domainQuota?: QuotaLimits | undefined;
  /** Where mail for the user goes. */
  readonly forward?: readonly string[] | undefined;
  /** Mail that is forwarded is put into the mailbox, too. */
  readonly keepCopy?: boolean | undefined;
  /** What mail for the user is answered with. */
  readonly autoreply?: Autoreply | undefined;
}

/** An answer of a directory that cannot tell now. `reason` is a clause for the log. */
export interface Failing {
  readonly kind: 'failing';
  readonly reason: string;
}

export type FoundUser =
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'absent' }
  | Failing;

export type FoundDomain = { readonly kind: 'present' } | { readonly kind: 'absent' } | Failing;

/** A log-in by a password. */
export interface PasswordLogin {
  /** As the client sent it. */
  readonly login: string;
  readonly password: string;
  /** The client's IP address; empty for programs of this host. */
  readonly client: string;
  readonly isEncrypted: boolean;
}

/** A log-in by a token of OAuth 2 (RFC 6750). */
export interface TokenLogin {
  /** Whom the client says it is; empty when it leaves that to the token. */
  readonly login: string;
  readonly token: string;
  /** The client's IP address; empty for programs of this host. */
  readonly client: string;
}

/** A log-in by a certificate, which is valid and whose key the client has. */
export interface CertificateLogin {
  /** As whom the client wants to log in; empty when it leaves that to the certificate. */
  readonly login: string;
  /** Addresses that the certificate names. */
  readonly names: readonly string[];
  /** The client's IP address; empty for programs of this host. */
  readonly client: string;
}

export interface RightLogin {
  readonly kind: 'right';
  readonly user: User;
  /** The name of the application password that was used; undefined for the user's own. */
  readonly application?: string | undefined;
  /** With what the user logs in, as it was then (`LoginMark`); undefined when the directory does not know it. */
  readonly mark?: string | undefined;
}

/** A log-in of before. `mark` changes with a password of the user, and when the user may not log in any more; it tells nothing about passwords. */
export interface LoginMark {
  readonly address: string;
  readonly mark: string;
}

/** Whether a log-in of before would still be right: the user as it is now, or `changed` when somebody has to log in again. */
export type StillLoggedIn =
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'changed' }
  | Failing;

/** `reason` is a clause for the log, never for the client: it tells whether the user exists. */
export interface WrongLogin {
  readonly kind: 'wrong';
  readonly reason: string;
}

/** Whose log-ins have failed too often. */
export type BannedKind = 'client' | 'network' | 'user';

export interface Ban {
  readonly kind: BannedKind;
  /** An address, a network, or the name of a user, whether or not there is one. */
  readonly target: string;
  readonly remainingMs: number;
}

/** Too many log-ins have failed, so this one was not checked. */
export interface Banned {
  readonly kind: 'banned';
  readonly ban: Ban;
}

export type LoginAnswer = RightLogin | WrongLogin | Banned | Failing;

/** The server's side of the first message of SCRAM-SHA-256: what it is for a user who does not exist looks the same. */
export type ScramStart =
  | {
      readonly kind: 'salt';
      /** In base64. */
      readonly salt: string;
      readonly iterations: number;
    }
  | Banned
  | Failing;

/** A proof of SCRAM-SHA-256 (RFC 5802 3). */
export interface ScramLogin {
  readonly login: string;
  /** The text that was signed: the three messages without the proof, with commas between them. */
  readonly authMessage: string;
  /** The client's proof in base64 (`p=`). */
  readonly proof: string;
}

/** `signature`: the server's signature in base64 (`v=`), without which the client does not believe the server. */
export type ScramAnswer = (RightLogin & { readonly signature: string }) | WrongLogin | Banned | Failing;

/** A failure was counted, after the time in which failed log-ins are answered. */
export type NotedFailure = { readonly kind: 'noted' } | Banned | Failing;

export interface Directory {
  /** @param address - of a user, or one of the aliases; in any case */
  find(address: string): Promise<FoundUser>;
  findDomain(domain: string): Promise<FoundDomain>;
  checkPassword(login: PasswordLogin): Promise<LoginAnswer>;
  /** An issuer that cannot be asked makes the answer failing. */
  checkToken(login: TokenLogin): Promise<LoginAnswer>;
  checkCertificate(login: CertificateLogin): Promise<LoginAnswer>;
  /** @param client - the IP address of the client; empty for programs of this host */
  startScram(login: string, client: string): Promise<ScramStart>;
  finishScram(login: ScramLogin, client: string): Promise<ScramAnswer>;
  /**
   * Counts a log-in that has failed without a question about a password: the client did not follow the mechanism, broke it off, or was refused
   * for another reason. It counts for the client and its network, and not for a user, whose name anybody may say.
   */
  noteFailure(client: string): Promise<NotedFailure>;
  /** Sessions ask before each message, so that they end when their user is removed, disabled, or has another password. */
  isStillLoggedIn(login: LoginMark): Promise<StillLoggedIn>;
}

/** Those who may not log in because they have failed too often. */
export interface LoginBans {
  bans(): Promise<readonly Ban[]>;
  /**
   * Ends bans before their time.
   * @param target - as in the ban; undefined: all
   * @returns those that have ended
   */
  liftBans(target: string | undefined): Promise<readonly Ban[]>;
}
