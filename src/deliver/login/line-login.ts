// The log-in of one outgoing connection (RFC 4954): finds the secret of the hop's credential, chooses the mechanisms that this connection
// may have, and says what the log-in came to.
// Promise: a secret is never shown outside of TLS, unless the credential says so by name, and is in no text that this returns.

import type { TLSSocket } from 'node:tls';
import type {
  ClientEvent,
  ClientSession,
  SessionFailure,
} from '../../protocol/smtp/client/client-session.ts';
import type { ClientLogin } from '../../protocol/smtp/client/login-types.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { SocketHop } from '../../route/types.ts';
import { clientMechanism, type ClientLoginFacts, showsSecret } from '../../sasl/client/client-mechanisms.ts';
import type { HopLogin } from '../../values/hop-login.ts';
import type { LoginFailure, LoginLack } from '../../values/login-outcome.ts';
import type { GivenSecret } from '../../values/secret.ts';
import type { CredentialSettings } from './credential-settings.ts';
import type { LoginKit } from './login-kit.ts';

/** RFC 9266 2: the label, an empty context, and the length of the value. */
const exporterLabel = 'EXPORTER-Channel-Binding';
const exporterBytes = 32;

type LoginEvent = Extract<ClientEvent, { readonly kind: 'login' | 'derive' }>;
type LoginSession = Pick<ClientSession, 'login'>;

export class LineLogin {
  /** Undefined as long as nothing has failed. */
  failure: LoginFailure | undefined;
  readonly #kit: LoginKit;
  readonly #hop: SocketHop;
  readonly #login: HopLogin;
  #secret = '';

  constructor(kit: LoginKit, hop: SocketHop, login: HopLogin) {
    this.#kit = kit;
    this.#hop = hop;
    this.#login = login;
  }

  /**
   * Gives the session what it asks for.
   * @param secure - the connection under TLS; undefined: it is in clear
   * @param whenDone - called when the session has gone on after a wait
   */
  act(event: LoginEvent, session: LoginSession, secure: TLSSocket | undefined, whenDone: () => void): void {
    if (event.kind === 'login') this.#logIn(session, secure, whenDone);
    else void this.#derive(event.salt, event.iterations, session).then(whenDone);
  }

  /** The session never became ready. */
  failed(failure: SessionFailure): void {
    const step = failure.kind === 'reply' ? failure.reply.command : failure.during;
    if (step !== 'AUTH' || this.failure !== undefined) return;
    const lack = lackOf(failure);
    this.#fail(failureText(failure), lack);
    const { command } = this.#kit.credentials.get(this.#login.id) ?? {};
    if (lack === 'refused' && command !== undefined) void this.#kit.commands.refused(command, this.#secret);
  }

  #logIn(session: LoginSession, secure: TLSSocket | undefined, whenDone: () => void): void {
    const { credential, id } = this.#login;
    const settings = this.#kit.credentials.get(id);
    if (settings === undefined) {
      // The manager is ahead of this process, or behind it, in a reload.
      this.#giveUp(session, `credential "${credential}" is being loaded`, 'for now');
      return;
    }
    const { command } = settings;
    if (command === undefined) {
      this.#begin(session, settings, this.#kit.secrets.of(credential), secure);
      return;
    }
    void this.#kit.commands.of(command).then((token) => {
      this.#begin(session, settings, token, secure);
      whenDone();
    });
  }

  #begin(
    session: LoginSession,
    settings: CredentialSettings,
    secret: GivenSecret,
    secure: TLSSocket | undefined,
  ): void {
    if (secret.kind === 'missing') {
      const lack = settings.command === undefined ? 'no secret' : 'no token';
      this.#giveUp(session, `credential "${settings.name}" cannot be used: ${secret.reason}`, lack);
      return;
    }
    this.#secret = secret.text;
    session.login.begin(this.#offer(settings, secret.text, secure));
  }

  #offer(settings: CredentialSettings, secret: string, secure: TLSSocket | undefined): ClientLogin {
    const { isAllowedInClear, mechanisms, name, user } = settings;
    const { endpoint, host } = this.#hop;
    const port = endpoint.kind === 'tcp' ? endpoint.port : 0;
    const facts: ClientLoginFacts = { user, secret, host, port, binding: bindingOf(secure) };
    const isHidden = (each: (typeof mechanisms)[number]): boolean => !showsSecret(each);
    const usable = secure === undefined && !isAllowedInClear ? mechanisms.filter(isHidden) : mechanisms;
    const bindable =
      facts.binding === undefined ? usable.filter((each) => each !== 'SCRAM-SHA-256-PLUS') : usable;
    const where = secure === undefined ? ' on a connection without TLS' : '';
    return {
      mechanisms: bindable.map((each) => clientMechanism(each, facts)),
      allowed: `credential "${name}" allows ${bindable.length === 0 ? 'none' : bindable.join(', ')}${where}`,
      secrets: [secret],
    };
  }

  async #derive(salt: Uint8Array, iterations: number, session: LoginSession): Promise<void> {
    try {
      session.login.derived(await this.#kit.salted.of(this.#secret, salt, iterations));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#giveUp(session, `the password could not be salted: ${why}`, 'for now');
    }
  }

  #giveUp(session: LoginSession, reason: string, lack: LoginLack): void {
    this.#fail(reason, lack);
    session.login.failed(reason);
  }

  #fail(reason: string, lack: LoginLack): void {
    this.failure = { credential: this.#login.credential, reason, lack };
  }
}

/** Another attempt may end otherwise after 4yz (RFC 5321 4.2.1) and a broken connection, not after 5yz. */
function lackOf(failure: SessionFailure): LoginLack {
  if (failure.kind === 'reply') return failure.reply.code < 500 ? 'for now' : 'refused';
  return failure.kind === 'broken' && failure.enhanced === '4.7.4' ? 'refused' : 'for now';
}

/** RFC 9266 4.2: before TLS 1.3, two connections might share the value, unless an extension was agreed on that Node does not show. */
function bindingOf(secure: TLSSocket | undefined): ClientLoginFacts['binding'] {
  if (secure?.getProtocol() !== 'TLSv1.3') return undefined;
  const value = secure.exportKeyingMaterial(exporterBytes, exporterLabel, Buffer.alloc(0));
  return { type: 'tls-exporter', value };
}
