// What a log-in at another server came to. Plain data, which a sender tells the manager.

/**
 * - `refused`: the server does not take the password or the token (535), or there is no mechanism that both sides take. Another attempt
 *   ends alike until somebody changes something, and a server may ban who tries too often.
 * - `for now`: the server cannot tell now (454), or the connection broke.
 * - `no secret`: this side has no password or token; who reads it has said why.
 * - `no token`: the program that prints the token has failed.
 */
export type LoginLack = 'refused' | 'for now' | 'no secret' | 'no token';

export interface LoginFailure {
  /** Name of the [[credential]]. */
  readonly credential: string;
  /** One line; never with the secret in it. */
  readonly reason: string;
  readonly lack: LoginLack;
}
