// The side of a mail server in the milter protocol, written apart from Sluice's own: it plays the cases of a suite to a milter, and carries out
// what the milter says. What the scripted milters answer is checked with it, and what Sluice says to a milter is compared with what it says.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { number, packet } from './scripted-milter.ts';
import type { SuiteMessage, SuiteOutcome } from './suite-case.ts';

interface Answer {
  readonly letter: string;
  readonly payload: Buffer;
}

/** Answers that are followed by more. */
const additions = new Set(['q', 'h', 'i', 'm', 'b', 'e', '+', '-', '2', 'p']);

interface Field {
  name: string;
  /** As a whole, with folds of CRLF. */
  line: string;
}

export class ScriptedMta {
  readonly #socket: Socket;
  #input: Buffer = Buffer.alloc(0);
  /** Macros that TLS and a log-in have. */
  #session: readonly string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Connects, negotiates, and tells of a client and its EHLO. */
  static async open(port: number): Promise<ScriptedMta> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const mta = new ScriptedMta(socket);
    socket.write(packet('O', number(6), number(0x1ff), number(0x1fffff)));
    const negotiated = await mta.#answer();
    if (negotiated.letter !== 'O' || negotiated.payload.length < 12) throw new Error('no negotiation');
    mta.#macros('C', 'j', 'mx.example.org');
    await mta.#ask('C', 'localhost\0', '4', Buffer.from([0x10, 0x01]), '127.0.0.1\0');
    await mta.#ask('H', 'client.test\0');
    return mta;
  }

  async end(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.end(packet('Q'));
    await closed;
  }

  /** Plays one message of a case. */
  async play(message: SuiteMessage): Promise<SuiteOutcome> {
    if (message.starttls) {
      this.#session = ['{tls_version}', 'TLSv1.3'];
      await this.#ask('H', 'client.test\0');
    }
    if (message.auth !== undefined)
      this.#session = [...this.#session, '{auth_type}', 'PLAIN', '{auth_authen}', message.auth];
    const played = new PlayedMessage(message);
    const first = await this.#mail(played, message.from);
    if (first !== undefined) return this.#abort(played, first, 'FROM');
    if (message.reset !== undefined) {
      for (const each of message.reset) await this.#ask('R', `<${each}>\0`);
      this.#socket.write(packet('A'));
      await this.#mail(played, message.from);
    }
    let refused = '';
    for (const each of message.to) {
      if (played.isDiscarded) break;
      const answered = played.take(await this.#ask('R', `<${each}>\0`));
      if (answered !== undefined) refused = answered;
      else played.to.push(each);
    }
    if (played.isDiscarded) return this.#abort(played, '250 2.0.0 discarded', '');
    if (played.to.length === 0) return this.#abort(played, refused, 'TO');
    const data = played.take(await this.#ask('T'));
    if (played.isDiscarded) return this.#abort(played, '250 2.0.0 discarded', '');
    if (data !== undefined) return this.#abort(played, data, 'DATA');
    for (const { name, line } of played.fields.slice(1)) {
      const value = line.slice(name.length + 1).replace(/^ /, '');
      await this.#ask('L', `${name}\0${value.replaceAll('\r\n', '\n')}\0`);
    }
    await this.#ask('N');
    await this.#ask('B', message.body);
    const end = played.take(await this.#ask('E'));
    return end === undefined ? played.outcome('', '250 2.0.0 stored') : played.outcome('', end, false);
  }

  async #mail(played: PlayedMessage, from: string): Promise<string | undefined> {
    this.#macros('M', 'i', 'ID', ...this.#session);
    return played.take(await this.#ask('M', `<${from}>\0`));
  }

  #abort(played: PlayedMessage, reply: string, step: SuiteOutcome['step']): SuiteOutcome {
    this.#socket.write(packet('A'));
    return played.outcome(step, reply, false);
  }

  #macros(command: string, ...pairs: readonly string[]): void {
    this.#socket.write(packet('D', command, pairs.map((each) => `${each}\0`).join('')));
  }

  /** All that the milter says to a command; its verdict is the last. */
  async #ask(letter: string, ...payload: readonly (string | Buffer)[]): Promise<Answer[]> {
    this.#socket.write(packet(letter, ...payload));
    const answers: Answer[] = [];
    do answers.push(await this.#answer());
    while (additions.has(answers.at(-1)!.letter));
    return answers;
  }

  async #answer(): Promise<Answer> {
    for (;;) {
      const length = this.#input.length < 4 ? Infinity : this.#input.readUInt32BE(0);
      if (this.#input.length >= 4 + length) {
        const whole = this.#input.subarray(4, 4 + length);
        this.#input = this.#input.subarray(4 + length);
        return { letter: whole.toString('latin1', 0, 1), payload: whole.subarray(1) };
      }
      const [bytes] = (await once(this.#socket, 'data')) as [Buffer];
      this.#input = Buffer.concat([this.#input, bytes]);
    }
  }
}

/** A message, and what a milter makes of it. */
class PlayedMessage {
  to: string[] = [];
  isDiscarded = false;
  #from: string;
  #quarantine: string | undefined;
  #body: string;
  #newBody: string | undefined;
  readonly fields: Field[];

  constructor({ from, header, body }: SuiteMessage) {
    this.#from = from;
    this.#body = body;
    const lines = header.match(/[^\r]+\r\n(?:[ \t][^\r]*\r\n)*/gu) ?? [];
    this.fields = ['Received: placeholder\r\n', ...lines].map((line) => ({
      name: line.slice(0, line.indexOf(':')),
      line: line.slice(0, -2),
    }));
  }

  /** @returns the reply that refuses; undefined when the milter goes on, or discards the message */
  take(answers: readonly Answer[]): string | undefined {
    for (const { letter, payload } of answers) {
      const text = payload.toString('latin1');
      const [first = ''] = text.split('\0');
      switch (letter) {
        case 'r':
          return '550 5.7.1 rejected';
        case 't':
          return '451 4.7.1 try again later';
        case 'y':
          return first;
        case 'd':
          this.isDiscarded = true;
          break;
        case 'q':
          this.#quarantine = first;
          break;
        case 'b':
          this.#newBody = (this.#newBody ?? '') + text;
          break;
        case 'e':
          this.#from = first.slice(1, -1);
          break;
        case '+':
          this.to.push(first.slice(1, -1));
          break;
        case '-':
          this.to = this.to.filter((each) => each !== first.slice(1, -1));
          break;
        case 'h':
          this.fields.push(field(text));
          break;
        case 'i':
          this.fields.splice(payload.readUInt32BE(0), 0, field(text.slice(4)));
          break;
        case 'm':
          this.#change(payload.readUInt32BE(0), field(text.slice(4)));
          break;
        default:
          break;
      }
    }
    return undefined;
  }

  outcome(step: SuiteOutcome['step'], reply: string, isKept = true): SuiteOutcome {
    const content = `${this.fields.map(({ line }) => `${line}\r\n`).join('')}\r\n${this.#newBody ?? this.#body}`;
    const message = { from: this.#from, to: this.to, quarantine: this.#quarantine, content };
    return { step, reply, kept: isKept && !this.isDiscarded ? [message] : [] };
  }

  /** The milter has not seen our Received field, which is the first. */
  #change(number: number, to: Field): void {
    const is = ({ name }: Field): boolean => name.toLowerCase() === to.name.toLowerCase();
    const found = this.fields.slice(1).filter(is)[Math.max(number, 1) - 1];
    const isDeletion = to.line === `${to.name}: `;
    if (found === undefined && !isDeletion) this.fields.push(to);
    else if (found !== undefined)
      this.fields.splice(this.fields.indexOf(found), 1, ...(isDeletion ? [] : [to]));
  }
}

function field(text: string): Field {
  const [name = '', value = ''] = text.split('\0');
  return { name, line: `${name}: ${value.replaceAll(/\r?\n/gu, '\r\n')}` };
}
