// What log-ins at other servers came to: the last one of each credential at each host for `sluice explain`, a warning in the log and a
// trouble when a host refuses one, or wants one where there is no credential. Promises: it is bounded, and it decides nothing.

import { isSocketHop } from '../route/next-hop.ts';
import type { AttemptResult, CloseReport } from '../deliver/types.ts';
import { RecentMap } from '../dns/recent-map.ts';
import type { Logger } from '../log/logger.ts';
import { refusalText } from '../message/refusal-text.ts';
import type { NextHopAddress, SocketHop } from '../route/types.ts';
import type { TroubleKey } from '../stats/trouble-kinds.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { HopLogin } from '../values/hop-login.ts';
import type { LoginFailure } from '../values/login-outcome.ts';

export interface LastLogin {
  readonly result: string;
  readonly isFailure: boolean;
  /** Unix ms. */
  readonly atMs: number;
}

export interface LoginsParts {
  /** Of an open connection. */
  readonly hopOf: (connection: number) => NextHopAddress | undefined;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  /** For people, Unix ms. */
  readonly dateMs: () => number;
}

/** A hop with its log-in. */
type LoginHop = SocketHop & { readonly login: HopLogin };

/** Credentials are few, and so are the hosts that they are for. */
const most = 1_000;
/** Name of the trouble of a host that wants a log-in where there is none. */
const nobody = '(none)';

export class Logins {
  readonly #parts: LoginsParts;
  readonly #last = new RecentMap<string, LastLogin>(most);
  /** Troubles, with the reason of each. */
  readonly #raised = new Map<TroubleKey, { readonly credential: string; readonly reason: string }>();

  constructor(parts: LoginsParts) {
    this.#parts = parts;
  }

  /** The last log-in with the hop's credential at its host, or that the host wanted one; undefined: nothing since the start. */
  of(hop: NextHopAddress): LastLogin | undefined {
    return isSocketHop(hop) ? this.#last.get(keyOf(hop)) : undefined;
  }

  /** @param mechanism - by which the connection has logged in; undefined: it has not */
  ready(connection: number, mechanism: string | undefined): void {
    if (mechanism === undefined) return;
    const hop = loginHop(this.#parts.hopOf(connection));
    if (hop === undefined) return;
    this.#told(hop, mechanism, false);
    const key = troubleKey(hop.login.credential, hop);
    if (!this.#raised.has(key)) return;
    this.#clear(key);
    this.#parts.log.info(`the credential "${hop.login.credential}" logs in at ${serverOf(hop)} again`);
  }

  closed(connection: number, report: CloseReport): void {
    const failure = report.kind === 'failed' ? report.login : undefined;
    const hop = failure === undefined ? undefined : loginHop(this.#parts.hopOf(connection));
    if (failure === undefined || hop === undefined) return;
    this.#told(hop, failure.reason, true);
    if (failure.lack === 'refused') this.#refused(hop, failure);
    else if (failure.lack === 'no token') this.#noToken(hop, failure);
  }

  /** Results of a message: where no log-in was configured, the host may have wanted one. */
  done(connection: number, results: readonly AttemptResult[]): void {
    const wanted = results.find(
      (each) => each.result === 'refused' && (each.refusal.code === 530 || each.refusal.code === 535),
    );
    // Only who has refused before can have taken up mail again.
    if (wanted === undefined && this.#raised.size === 0) return;
    const hop = this.#parts.hopOf(connection);
    if (hop === undefined || !isSocketHop(hop) || hop.login !== undefined) return;
    const key = troubleKey(nobody, hop);
    if (wanted?.result !== 'refused') {
      if (!results.some(({ result }) => result === 'delivered')) return;
      this.#clear(key);
      this.#last.delete(keyOf(hop));
      return;
    }
    if (wanted.refusal.permanent) return;
    this.#told(hop, 'the host wants a log-in, and the route has no [[credential]] for this mail', true);
    const text = `${serverOf(hop)} takes mail after a log-in only, and the route there has no credential for this mail, which waits.`;
    const advice = `Write a [[credential]] and name it in the [[route]], or let the server take mail from this host. It said: ${refusalText(wanted.refusal)}`;
    this.#raise(key, nobody, text, advice);
  }

  /** The secrets of these credentials are others: what hosts said to the former ones does not count any more. */
  renewed(credentials: readonly string[]): void {
    for (const [key, { credential }] of this.#raised) if (credentials.includes(credential)) this.#clear(key);
  }

  /** @param credentials - names of those of the configuration */
  configured(credentials: readonly string[]): void {
    for (const [key, { credential }] of this.#raised) {
      // Whether a route has got a credential shows at its next message.
      if (!credentials.includes(credential)) this.#clear(key);
    }
  }

  #refused(hop: LoginHop, { credential, reason }: LoginFailure): void {
    const text = `${serverOf(hop)} refuses the log-in with the credential "${credential}": ${reason}. Mail that needs it waits.`;
    const advice = `Correct the user or the secret of this [[credential]]. A file with the secret is read again within five seconds, and the host is tried at once then; otherwise it rests, so that it does not ban this host. "sluice explain" shows until when.`;
    this.#raise(troubleKey(credential, hop), credential, text, advice);
  }

  #noToken(hop: LoginHop, { credential, reason }: LoginFailure): void {
    const text = `There is no token to log in at ${serverOf(hop)}: ${reason}. Mail that needs it waits.`;
    const advice =
      'See that the program of token_command prints a token on one line, also for the user of the senders.';
    this.#raise(troubleKey(credential, hop), credential, text, advice);
  }

  /** One warning in the log for each trouble, however often the host says the same. */
  #raise(key: TroubleKey, credential: string, text: string, advice: string): void {
    const { log, troubles } = this.#parts;
    if (!this.#raised.has(key)) log.warn(`${text} ${advice}`, { code: 'LOGIN_REFUSED' });
    if (this.#raised.size < most) this.#raised.set(key, { credential, reason: text });
    troubles.raise(key, 'warning', text, advice);
  }

  #clear(key: TroubleKey): void {
    if (this.#raised.delete(key)) this.#parts.troubles.clear(key);
  }

  #told(hop: SocketHop, result: string, isFailure: boolean): void {
    this.#last.set(keyOf(hop), { result, isFailure, atMs: this.#parts.dateMs() });
  }
}

function loginHop(hop: NextHopAddress | undefined): LoginHop | undefined {
  if (hop === undefined || !isSocketHop(hop)) return undefined;
  const { login } = hop;
  return login === undefined ? undefined : { ...hop, login };
}

function serverOf({ endpoint, host }: SocketHop): string {
  return endpoint.kind === 'tcp' ? `${host}:${endpoint.port}` : host;
}

function keyOf(hop: SocketHop): string {
  return `${hop.login?.id ?? nobody} ${serverOf(hop)}`;
}

function troubleKey(credential: string, hop: SocketHop): TroubleKey {
  return `login:${credential} ${serverOf(hop)}`;
}
