// The log-in that a connection to one host must have: part of the hop. Promise: connections are shared by `id` only, so that no mail goes
// over one that has logged in for other mail, or with none.

export interface HopLogin {
  /** Name of the [[credential]], for people. */
  readonly credential: string;
  /** Of the credential as it is configured: another one when its user or its way to log in is another. */
  readonly id: string;
}
