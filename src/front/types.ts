// What a front end is set up with, and what it tells a central server of a client.

import type { CentreServer } from '../values/centre-server.ts';

export interface FrontSettings {
  readonly servers: readonly CentreServer[];
  /** As many as servers; undefined: the first that can be reached gets all. */
  readonly weights: readonly number[] | undefined;
  readonly tellClient: 'xclient' | 'none';
  readonly connectTimeoutMs: number;
  readonly ioTimeoutMs: number;
  /** Of each server. */
  readonly maxConnections: number;
  /** Our name in EHLO and LHLO. */
  readonly heloName: string;
}

/** What is told of the client that hands a message in. */
export interface ToldClient {
  /** IP address; empty for a program of this host. */
  readonly address: string;
  readonly port: number | undefined;
  /** From the reverse DNS. */
  readonly name: string | undefined;
  readonly helo: string;
  readonly extended: boolean;
  /** The user as whom it has logged in. */
  readonly login: string | undefined;
}
