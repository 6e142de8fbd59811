// What a plugin is told and asked about mail that goes out: the way of a recipient (`route`), and what became of attempts (`attempt`). The manager
// asks it at these points, where `delivery` of its [[stage]] names them. docs/plugins.md tells how to write one.

import type { Verdict } from '../policy/stage.ts';

/** A recipient whose way is asked for. */
export interface RouteFacts {
  readonly queueId: string;
  /** The envelope sender without brackets; empty for the null reverse-path. */
  readonly sender: string;
  /** The envelope recipient without brackets. */
  readonly recipient: string;
  /** Its domain as it is looked up: lower case, A-labels, or an address literal. */
  readonly domain: string;
  /** Name of the tenant; empty for mail of no tenant. */
  readonly tenant: string;
  readonly sizeBytes: number;
  /** Ms since 1970. */
  readonly receivedAtMs: number;
  /** RFC 6710, -9 to 9; undefined for none. */
  readonly priority: number | undefined;
  /** How the message came in: `bounce` and `notice` are reports that Sluice wrote. */
  readonly via: 'smtp' | 'lmtp' | 'sendmail' | 'bounce' | 'notice';
  /** IP address of the client; empty for programs of this host and for reports. */
  readonly clientAddress: string;
  /** What the client said in HELO or EHLO; empty without. */
  readonly helo: string;
  /** The name of the [[route]] that it takes if the plugin does not decide; empty for the MX of its domain. */
  readonly usual: string;
}

/**
 * - `continue`: the next plugin is asked, and after the last one the [[route]] tables decide.
 * - `route`: the [[route]] of this name, whatever it matches.
 * - `relay`: these smarthosts, written as in `relay` of a [[route]]; `lmtp`: these LMTP servers. TLS is as a [[tls]] or the default says, and no log-in.
 * - `tempfail`: the recipient waits for its next attempt, with this reply of 4xx.
 * - `reject`: the recipient fails for good with this reply of 5xx, and goes back to the sender.
 *
 * Other verdicts are no answers here, and make the recipient wait, as anything else that is none.
 */
export type RouteAnswer =
  | Verdict
  | { readonly kind: 'route'; readonly name: string }
  | {
      readonly kind: 'relay';
      readonly hosts: readonly string[];
      readonly mode?: 'failover' | 'balance' | undefined;
    }
  | {
      readonly kind: 'lmtp';
      readonly servers: readonly string[];
      readonly mode?: 'failover' | 'balance' | undefined;
    };

/** What became of an attempt to deliver to one recipient, or of the recipient. */
export interface AttemptFacts {
  /**
   * - `delivered`: a server took the message.
   * - `deferred`: it was not taken now, or could not be tried: it waits until `nextAttemptAtMs`.
   * - `failed`: it has failed for good.
   * - `bounced`: a failure was reported, and the report is on stable storage; or nobody is to be told (`reportedTo` is empty then).
   */
  readonly outcome: 'delivered' | 'deferred' | 'failed' | 'bounced';
  /** Ms since 1970. */
  readonly atMs: number;
  readonly queueId: string;
  /** The envelope sender; empty for the null reverse-path. */
  readonly sender: string;
  readonly recipient: string;
  /** Name of the tenant; empty for mail of no tenant. */
  readonly tenant: string;
  /** It is a copy for an archive. */
  readonly isCopy: boolean;
  /** The name of the [[route]]; empty for the MX of the domain, for hosts that a plugin named, and where it is not known any more. */
  readonly route: string;
  /** The server: name, IP address (empty for a socket), port (0 for a socket). Undefined when none was asked. */
  readonly server: { readonly host: string; readonly address: string; readonly port: number } | undefined;
  /** Undefined in clear, and when no server was asked. */
  readonly tls:
    | { readonly version: string; readonly cipher: string; readonly verification: string }
    | undefined;
  /** Who said so: a server by its reply, nobody because the connection failed, or Sluice itself. */
  readonly by: 'server' | 'connection' | 'sluice';
  /** The reply code; 0 when there was no reply. */
  readonly code: number;
  /** The enhanced status code; empty when there is none. */
  readonly enhanced: string;
  /** The lines of the reply, joined by spaces. */
  readonly text: string;
  /** The number of attempts, this one included; undefined where it is not known any more. */
  readonly attempt: number | undefined;
  /** How long the SMTP transaction took; undefined when there was none. */
  readonly durationMs: number | undefined;
  /** Ms since 1970; of `deferred` alone. */
  readonly nextAttemptAtMs: number | undefined;
  /** It failed because its lifetime was over. */
  readonly expired: boolean;
  /** Of `bounced`: who gets the report; empty when nobody does. Undefined of the others. */
  readonly reportedTo: string | undefined;
}

/** The points at which the manager asks a plugin, where `delivery` of its [[stage]] names them. */
export interface DeliveryPoints {
  /**
   * Which way a recipient goes. It is asked when mail is accepted, again after each reload and restart, and again at the next attempt of a
   * recipient for which it failed or answered `tempfail`; never for copies of archives, nor where a stage has set a route. To throw, to hang, or
   * to answer what is no answer makes the recipient wait: it goes no other way.
   */
  route?(facts: RouteFacts): RouteAnswer | Promise<RouteAnswer>;
  /** What became of an attempt. Nothing waits for it, and what it returns changes nothing. */
  attempt?(facts: AttemptFacts): void | Promise<void>;
}
