// Commands before the log-in (RFC 1939 4, RFC 2595 4, RFC 5034, RFC 6856 2).

import { initialResponseOf } from '../sasl-response.ts';
import { offeredMechanisms, takesPasswords } from './capabilities.ts';
import { type Command, wordsOf } from './command.ts';
import { error, ok, type Outcome } from './outcome.ts';
import type { Pop3Security, Pop3SessionOptions } from './server-types.ts';

const tlsFirst = 'Log-ins here need TLS: say STLS first';

export class Authorization {
  readonly #options: Pop3SessionOptions;
  /** Of USER, until PASS has come. */
  #login: string | undefined;
  #isUtf8 = false;

  constructor(options: Pop3SessionOptions) {
    this.#options = options;
  }

  /** Whether STLS is offered. RFC 6856 2: not after UTF8. */
  mayStartTls(security: Pop3Security | undefined): boolean {
    return this.#options.offersTls && security === undefined && !this.#isUtf8;
  }

  /** The connection is under TLS: nothing that was said in clear counts (RFC 2595 4). */
  secured(): void {
    this.#login = undefined;
    this.#isUtf8 = false;
  }

  /** @param security - undefined before TLS */
  judge(command: Command, security: Pop3Security | undefined): Outcome {
    switch (command.word) {
      case 'USER':
        return this.#user(command, security);
      case 'PASS':
        return this.#pass(command);
      case 'AUTH':
        return this.#auth(command, security);
      case 'STLS':
        if (this.mayStartTls(security)) return { kind: 'ask', event: { kind: 'stls' } };
        return error(security === undefined ? 'STLS is not possible' : 'The connection is under TLS already');
      case 'UTF8':
        if (this.#login !== undefined) return error('UTF8 comes before USER');
        this.#isUtf8 = true;
        return ok('UTF-8 it is');
      default:
        return error('Unknown command, or one that comes after the log-in');
    }
  }

  #user({ rest }: Command, security: Pop3Security | undefined): Outcome {
    if (!takesPasswords(offeredMechanisms(this.#options, security))) {
      const needsTls = security === undefined && takesPasswords(this.#options.logins.secure);
      return error(needsTls ? tlsFirst : 'Passwords are not taken here: use AUTH');
    }
    const login = rest?.trim() ?? '';
    if (login === '') return error(rest === undefined ? 'The name is no UTF-8' : 'USER needs a name');
    this.#login = login;
    // RFC 1939 7: whether there is such a user is nobody's business before the password.
    return ok('Send the password');
  }

  #pass({ rest }: Command): Outcome {
    const login = this.#login;
    if (login === undefined) return error('Say USER first');
    this.#login = undefined;
    if (rest === undefined) return error('The password is no UTF-8', 'AUTH');
    if (rest === '') return error('PASS needs a password', 'AUTH');
    return { kind: 'ask', event: { kind: 'password', login, password: rest } };
  }

  #auth(command: Command, security: Pop3Security | undefined): Outcome {
    const [name, response, ...more] = wordsOf(command);
    const offered = offeredMechanisms(this.#options, security);
    // Outlook and other clients of before RFC 5034 ask so for the mechanisms.
    if (name === undefined) return ok('Mechanisms follow', [...offered, '.'].map(toLine).values());
    const mechanism = name.toUpperCase();
    if (!offered.includes(mechanism)) {
      const needsTls = security === undefined && this.#options.logins.secure.includes(mechanism);
      return error(needsTls ? tlsFirst : 'This mechanism is not offered');
    }
    if (more.length > 0) return error('AUTH takes a mechanism and one response');
    if (response === undefined)
      return { kind: 'ask', event: { kind: 'auth', mechanism, response: undefined } };
    const bytes = initialResponseOf(response);
    if (bytes === undefined) return error('The response is no base64');
    return { kind: 'ask', event: { kind: 'auth', mechanism, response: bytes } };
  }
}

function toLine(text: string): string {
  return `${text}\r\n`;
}
