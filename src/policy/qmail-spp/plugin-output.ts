// What a plugin of qmail-spp prints: lines of a command letter and its argument. Promises: nothing that a plugin prints becomes a malformed
// reply, header field or address; what nobody can understand is a failure of the plugin and not a permission.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';

export type SppCommand =
  /** A: no plugin is run any more in this session. */
  | { readonly kind: 'plugins-off' }
  /** N: the rest of the plugins is left out for this command. */
  | { readonly kind: 'next' }
  /** O: and the checks of the server, too. */
  | { readonly kind: 'accept' }
  /** E, R: R closes the connection. */
  | { readonly kind: 'refuse' | 'disconnect'; readonly reply: Reply }
  /** LM, LR, LD: the refusal of a command that comes later. */
  | { readonly kind: 'refuse-later'; readonly at: 'mail' | 'rcpt' | 'data'; readonly reply: Reply }
  /** D */
  | { readonly kind: 'drop' }
  /** S, U: `value` is undefined for U. */
  | { readonly kind: 'variable'; readonly name: string; readonly value: string | undefined }
  /** H */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  /** C */
  | { readonly kind: 'address'; readonly address: string }
  /** P */
  | { readonly kind: 'print'; readonly text: string };

export type SppOutput =
  | { readonly kind: 'commands'; readonly commands: readonly SppCommand[] }
  /** @param reason - a clause: `it printed ...` */
  | { readonly kind: 'garbage'; readonly reason: string };

const places = { M: 'mail', R: 'rcpt', D: 'data' } as const;

/** The commands after which qmail-spp reads no more of what a plugin prints. */
const lastOnes: ReadonlySet<SppCommand['kind']> = new Set([
  'plugins-off',
  'next',
  'accept',
  'refuse',
  'disconnect',
  'drop',
]);

class Garbage extends Error {}

/** Reads what a plugin has printed. Lines that begin with no letter of a command are ignored, as qmail-spp does. */
export function readSppOutput(printed: Uint8Array): SppOutput {
  const text = Buffer.from(printed.buffer, printed.byteOffset, printed.byteLength).toString('utf8');
  const commands: SppCommand[] = [];
  try {
    for (const line of text.split('\n')) {
      const command = commandOf(line.replace(/\r$/, ''));
      if (command === undefined) continue;
      commands.push(command);
      if (lastOnes.has(command.kind)) break;
    }
  } catch (error) {
    if (!(error instanceof Garbage)) throw error;
    return { kind: 'garbage', reason: error.message };
  }
  return { kind: 'commands', commands };
}

function commandOf(line: string): SppCommand | undefined {
  if (/[\0-\x08\x0a-\x1f\x7f]/u.test(line)) throw new Garbage('it printed characters that are no text');
  const argument = line.slice(1);
  switch (line.charAt(0)) {
    case 'A':
      return { kind: 'plugins-off' };
    case 'N':
      return { kind: 'next' };
    case 'O':
      return { kind: 'accept' };
    case 'E':
      return { kind: 'refuse', reply: replyOf(argument) };
    case 'R':
      return { kind: 'disconnect', reply: replyOf(argument) };
    case 'D':
      return { kind: 'drop' };
    case 'L':
      return laterOf(argument);
    case 'S':
      return variableOf(argument, true);
    case 'U':
      return variableOf(argument, false);
    case 'H':
      return headerOf(argument);
    case 'C':
      return { kind: 'address', address: argument.trim().replace(/^<(.*)>$/, '$1') };
    case 'P':
      return { kind: 'print', text: argument.replace(/^\d{3}[ -]/, '') };
    default:
      return undefined;
  }
}

/** A message brings its own code (qmail-spp's documentation). An enhanced code is part of the text, as the plugin has written it. */
function replyOf(message: string): Reply {
  const [, code = '', text = ''] = /^([45]\d\d)(?:[ -](.*))?$/.exec(message) ?? [];
  if (code === '')
    throw new Garbage(`it refused with a message without a code of 4xx or 5xx: ${excerpt(message)}`);
  return { code: Number(code), text };
}

function laterOf(argument: string): SppCommand | undefined {
  const at = places[argument.charAt(0) as keyof typeof places];
  return at === undefined ? undefined : { kind: 'refuse-later', at, reply: replyOf(argument.slice(1)) };
}

function variableOf(argument: string, isSet: boolean): SppCommand {
  const [name = '', ...rest] = isSet ? argument.split('=') : [argument];
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || (isSet && rest.length === 0))
    throw new Garbage(`it set a variable that is none: ${excerpt(argument)}`);
  return { kind: 'variable', name, value: isSet ? rest.join('=') : undefined };
}

function headerOf(argument: string): SppCommand {
  const [, name = '', value = ''] = /^([\x21-\x39\x3b-\x7e]+):[ \t]*(.*)$/u.exec(argument) ?? [];
  if (name === '') throw new Garbage(`it printed a header field that is none: ${excerpt(argument)}`);
  return { kind: 'header', name, value };
}

function excerpt(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
