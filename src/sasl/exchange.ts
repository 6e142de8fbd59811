// What an exchange of SASL (RFC 4422) is on the server's side: responses of the client in, challenges and a verdict out. It knows no
// protocol around it: SMTP puts both into base64 (RFC 4954).

import { accountKey } from '../directory/account-key.ts';
import type { Ban, User } from '../directory/types.ts';

/** Who has logged in. */
export interface LoggedIn {
  readonly user: User;
  /** The name of the application password that was used; undefined for the user's own. */
  readonly application?: string | undefined;
  /** As in `RightLogin`. */
  readonly mark?: string | undefined;
}

/** What follows from a response. `reason` is a clause for the log, never for the client: it may tell whether the user exists. */
export type Step =
  | { readonly kind: 'challenge'; readonly bytes: Uint8Array }
  | ({ readonly kind: 'right' } & LoggedIn)
  /**
   * @param login - as the client said it; empty when it said none
   * @param challenge - is sent before the refusal: an explanation, which the client answers without a content
   */
  | {
      readonly kind: 'wrong';
      readonly login: string;
      readonly reason: string;
      readonly challenge?: Uint8Array | undefined;
    }
  /** As good as wrong, whatever the password is: the directory was not asked, and has counted nothing. */
  | { readonly kind: 'hopeless'; readonly login: string; readonly reason: string }
  /** Too many log-ins have failed: this one was not checked. */
  | { readonly kind: 'banned'; readonly login: string; readonly ban: Ban }
  /** Nobody can tell now: no fault of the client. */
  | { readonly kind: 'failing'; readonly reason: string }
  /** The client does not speak the mechanism as it is defined. */
  | { readonly kind: 'malformed'; readonly reason: string };

export interface Exchange {
  /** Takes a response, one after the other. @param response - undefined at the beginning, when none came with the command */
  respond(response: Uint8Array | undefined): Step | Promise<Step>;
}

/** What a mechanism needs to know of the connection. */
export interface ExchangeFacts {
  /** The client's IP address; empty for programs of this host. */
  readonly client: string;
  readonly isEncrypted: boolean;
}

/** RFC 4616 2: both names and the password have up to 255 octets; passwords of applications may be longer. */
const maxNameBytes = 255;
const maxPasswordBytes = 1024;

/** The text of a name; undefined when it is none (RFC 4616 2). */
export function nameOf(bytes: Uint8Array): string | undefined {
  return textOf(bytes, maxNameBytes);
}

/**
 * RFC 4616 2: to act as somebody else is up to the server. It is nobody's right here, and the same name in other letters is nobody else.
 * @param authorization - as whom the client wants to act; undefined when that is no name
 */
export function isSameName(authorization: string | undefined, login: string): boolean {
  return authorization !== undefined && accountKey(authorization) === accountKey(login);
}

export function passwordOf(bytes: Uint8Array): string | undefined {
  return textOf(bytes, maxPasswordBytes);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array, most: number): string | undefined {
  if (bytes.length === 0 || bytes.length > most || bytes.includes(0)) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
