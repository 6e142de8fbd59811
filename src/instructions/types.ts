// What a file of a user, or an alias, says about mail.

export type Instruction =
  /** A line for /bin/sh. */
  | { readonly kind: 'program'; readonly command: string }
  /** A path that begins with `/` or `./`. */
  | { readonly kind: 'maildir' | 'mbox'; readonly path: string }
  | { readonly kind: 'forward'; readonly address: string }
  /** The mailbox of the user, whatever else the file says. */
  | { readonly kind: 'own-mailbox' }
  /** The file has further instructions. */
  | { readonly kind: 'include'; readonly path: string };

/** What is carried out as it stands. */
export type Step = Exclude<Instruction, { readonly kind: 'own-mailbox' | 'include' }>;

export type Instructions =
  | { readonly kind: 'list'; readonly list: readonly Instruction[] }
  /** It says nothing: the mail goes where all mail of the user goes. */
  | { readonly kind: 'usual' }
  /** The file has a mistake: mail waits until it is mended. */
  | Fault;

/** Why mail waits or goes back. @property status - enhanced (RFC 3463) */
export interface Fault {
  readonly kind: 'fault';
  readonly status: string;
  readonly text: string;
}

export function fault(status: string, text: string): Fault {
  return { kind: 'fault', status, text };
}
