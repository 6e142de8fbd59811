// TLS of one outgoing connection: carries out the policy of its hop. It says how the session begins, gives the handshake what it
// needs, judges the server, and knows the next way to try when a handshake breaks. Promise: where the policy demands TLS, nothing
// is said in clear or to a server that is not the right one.

import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { ClientSessionOptions } from '../../protocol/smtp/client/client-types.ts';
import type { SocketHop } from '../../route/types.ts';
import { helloWasRead } from '../../tls/client-hello.ts';
import type { TlsFacts, TlsOutcome, TlsProblem } from '../../values/tls-outcome.ts';
import { tlsPolicyKey, type HopTlsPolicy } from '../../values/tls-policy.ts';
import type { KeptSession } from './session-cache.ts';
import type { TlsKit } from './tls-kit.ts';
import { verdictOf, type Verdict } from './verdict.ts';
import { isIP } from '../../values/ip-version.ts';

type Policy = Pick<
  HopTlsPolicy,
  'level' | 'serverName' | 'names' | 'fingerprints' | 'tlsa' | 'implicit' | 'settings'
>;

export class HopTls {
  /** What it came to; undefined while it is open. */
  outcome: TlsOutcome | undefined;
  readonly #kit: TlsKit;
  readonly #policy: Policy;
  readonly #key: string;
  readonly #sessionName: string;
  /** Of sessions with the certificate that this handshake may show. */
  #sessionKey = '';
  #isClassic: boolean;
  #isClear: boolean;
  /** The session of before that the handshake offered, while it may have been resumed. */
  #offered: KeptSession | undefined;
  /** About a server that will do. */
  #verdict: Verdict | undefined;

  private constructor(kit: TlsKit, hop: SocketHop, policy: Policy) {
    this.#kit = kit;
    this.#policy = policy;
    this.#key = hop.key;
    const port = hop.endpoint.kind === 'tcp' ? hop.endpoint.port : 0;
    this.#sessionName = `${hop.host} ${port} ${policy.serverName} ${tlsPolicyKey(hop.tls)}`;
    const way = kit.broken.wayRound(hop.key);
    this.#isClear = way?.kind === 'clear' && this.#mayBeClear;
    this.#isClassic = way?.kind === 'classic';
    if (way !== undefined && this.#isClear) {
      this.outcome = {
        kind: 'clear',
        result: 'validation-failure',
        reason: `TLS broke before: ${way.reason}`,
      };
    }
  }

  /** TLS of a connection to a hop; undefined when it goes without. */
  static of(kit: TlsKit, hop: SocketHop): HopTls | undefined {
    const policy = hop.tls ?? usualPolicy(hop);
    return policy === undefined || policy.level === 'none' ? undefined : new HopTls(kit, hop, policy);
  }

  /** How the session begins. */
  get mode(): ClientSessionOptions['tls'] {
    if (this.#isClear) return 'never';
    if (this.#policy.implicit) return 'implicit';
    return this.#policy.level === 'opportunistic' ? 'want' : 'must';
  }

  /** The facts of the session under TLS; undefined without one. */
  get facts(): TlsFacts | undefined {
    return this.outcome?.kind === 'secured' ? this.outcome : undefined;
  }

  /** The options of the handshake, for a socket that is connected. */
  get options(): ConnectionOptions {
    const { level, serverName, settings } = this.#policy;
    // A resumed session would go on with the certificate that was shown at its beginning, renewed or withdrawn since.
    this.#sessionKey = `${this.#sessionName} ${this.#kit.contexts.identityVersion(settings)}`;
    this.#offered = this.#kit.sessions.get(this.#sessionKey);
    const takesOld = level === 'opportunistic';
    return {
      secureContext: this.#kit.contexts.of(settings, {
        takesOld,
        isClassic: this.#isClassic,
        sentChainOnly: level === 'dane',
      }),
      // RFC 6066 3: no address in the server name.
      ...(serverName !== '' && isIP(serverName) === 0 && { servername: serverName }),
      ...(this.#offered !== undefined && { session: this.#offered.session }),
      // The verdict is ours: OpenSSL's says nothing about names, and Node's nothing about resumed sessions.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(takesOld && { minDHSize: 1 }),
    };
  }

  /** The handshake is through: judges the server. Returns why it is not the right one, or undefined when it will do. */
  secured(socket: TLSSocket): TlsProblem | undefined {
    const resumed = this.#offered !== undefined && socket.isSessionReused();
    const { sessions, matchTlsa } = this.#kit;
    const kept = resumed ? this.#offered : undefined;
    const verdict: Verdict = kept?.verdict ?? verdictOf(socket, this.#policy, matchTlsa);
    if (verdict.problem !== undefined && this.#isDemanded) {
      sessions.forget(this.#sessionKey);
      this.outcome = { kind: 'failed', ...verdict.problem };
      return verdict.problem;
    }
    this.#verdict = verdict;
    if (!resumed) this.#offered = undefined;
    this.outcome = {
      kind: 'secured',
      version: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
      verification: verdict.verification,
      resumed,
      ...(verdict.problem !== undefined && { problem: verdict.problem }),
    };
    return undefined;
  }

  /** The server lets this session be resumed. It is kept only when the server has been judged, and will do. */
  keep(session: Buffer): void {
    if (this.#verdict === undefined) return;
    this.#kit.sessions.keep(this.#sessionKey, session, this.#verdict, this.#offered?.keptAtMs);
  }

  /**
   * The session goes on in clear, or is given up for want of TLS, because the server declined.
   * @param isForNow - by a reply that promises another answer later
   */
  declined(reason: string, isForNow: boolean): void {
    const problem = { result: 'starttls-not-supported', reason } as const;
    if (this.#mayBeClear) this.outcome = { kind: 'clear', ...problem };
    else this.outcome = { kind: 'failed', ...problem, ...(isForNow && { lack: 'for now' }) };
  }

  /** The server ended the session in reply to STARTTLS. The next one goes without, where that is allowed. */
  refusedSession(reason: string): void {
    if (this.#mayBeClear) this.#kit.broken.remember(this.#key, { kind: 'clear', reason });
  }

  /**
   * STARTTLS or the handshake broke or hung, or the connection broke before anything was said under TLS.
   * @param code - of the error, where there is one
   * @returns whether to try another way, over a new connection
   */
  broke(reason: string, code: string): boolean {
    const wasSecured = this.outcome?.kind === 'secured';
    const { sessions, broken } = this.#kit;
    sessions.forget(this.#sessionKey);
    if (!this.#isClassic && !wasSecured && !helloWasRead(code)) {
      this.#isClassic = true;
      broken.remember(this.#key, { kind: 'classic', reason });
      return true;
    }
    if (!this.#mayBeClear) {
      this.outcome = { kind: 'failed', result: 'validation-failure', reason, lack: 'for now' };
      return false;
    }
    this.#isClear = true;
    broken.remember(this.#key, { kind: 'clear', reason });
    this.outcome = { kind: 'clear', result: 'validation-failure', reason };
    return true;
  }

  /** Clear text will do when there is no TLS; never where TLS comes before the greeting, as nobody would greet. */
  get #mayBeClear(): boolean {
    return this.#policy.level === 'opportunistic' && !this.#policy.implicit;
  }

  /** The policy says who the server has to be. */
  get #isDemanded(): boolean {
    const { level } = this.#policy;
    return level === 'verified' || level === 'fingerprint' || level === 'dane';
  }
}

/** Without a policy: opportunistic over SMTP by TCP. A mailbox server, or a socket of this machine, needs to be told. */
function usualPolicy({ transport, endpoint, host }: SocketHop): Policy | undefined {
  if (transport !== 'smtp' || endpoint.kind !== 'tcp') return undefined;
  return {
    level: 'opportunistic',
    serverName: host,
    names: [host],
    fingerprints: [],
    tlsa: [],
    implicit: false,
    settings: '',
  };
}
