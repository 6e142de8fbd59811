// Mail that a delivery leads to: a forward of a user, the addresses of an alias, an automatic answer. A sender process says what has to go on, and
// the manager stores it as new messages before the recipient counts as delivered. Plain data, which is sent between processes.

/** One new message. */
export interface OnwardMail {
  readonly reason: 'forward' | 'alias' | 'autoreply';
  /** The sender of the envelope; empty for the null sender. Another one than that of the message makes it mail of a list (RFC 5321 3.9.2). */
  readonly reversePath: string;
  /** 1 to `mostOnwardRecipients` addresses. */
  readonly recipients: readonly string[];
  /** Fields that are put in front, each with CRLF behind it, such as `Delivered-To`; empty for none. */
  readonly fields: string;
  /** The whole new message, with CRLF as line ends; not given: it has the content of the message that was delivered. */
  readonly content?: string;
  /** Delimiters by which each recipient gets a sender of its own (VERP). */
  readonly verp?: string;
  /** Its recipients were found by aliases, and are looked up in no table of aliases again. */
  readonly isExpanded?: true;
}

/** All that one recipient's delivery leads to. */
export interface Onward {
  /** 1 to `mostOnwardMails`. */
  readonly mails: readonly OnwardMail[];
  /** The message was delivered here as well: into a mailbox or file, or to a program. */
  readonly hasCopy: boolean;
}

/** Of one delivery, in all of its mails: 1,000 of an alias, and the forwards of a user. */
export const mostOnwardRecipients = 1_200;
export const mostOnwardMails = 100;
/** UTF-16 code units of an automatic answer. */
export const mostOnwardContent = 65_536;
export const mostOnwardFields = 4_096;
