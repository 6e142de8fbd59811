// What a rule says of its clients, and the words for it: `relay size=10MiB TEAM=sales`, `deny Go away`. The text is checked here, so
// that a mistake is found when the file is read and not when a client comes.
// Promises: no value has a control character, and `formatRule` writes what `parseRule` reads back.

import { appendSuffix } from '../../address/append-suffix.ts';
import { closest } from '../../values/closest.ts';
import { formatSize, parseSize } from '../../values/size.ts';
import { ValueError } from '../../values/value-error.ts';

export interface RefusingRule {
  readonly kind: 'refuse';
  /** Whether the client may try again later. */
  readonly isTemporary: boolean;
  /** What the client is told; empty for the usual text. */
  readonly text: string;
}

export interface AllowingRule {
  readonly kind: 'allow';
  /** Undefined: the rule gives no right to relay. Otherwise what is appended to each recipient; empty for nothing. */
  readonly relay: string | undefined;
  /** The largest message; 0 for no limit, undefined where the rule says nothing. */
  readonly maxMessageBytes: number | undefined;
  /** For stages. */
  readonly variables: Readonly<Record<string, string>>;
}

export type ClientRule = RefusingRule | AllowingRule;

/** A rule has so many variables at most. */
const maxVariables = 100;
/** RFC 5321 4.5.3.1.5: a reply line has 512 octets; the code, the status and some room are taken off. */
const maxTextLength = 450;

const refusal = /^(?<word>deny|defer)(?:\s+(?<text>.*))?$/su;
/** A word, or NAME=value; a value with white space is in quotation marks, in which a backslash stands before quotation marks and backslashes. */
const instruction =
  /\s*(?<word>[^\s="]+)(?:(?<equals>=)(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s"]*)))?(?=\s|$)/uy;
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/u;
const controlCharacter = /[\0-\x08\x0a-\x1f\x7f]/u;
const words = ['allow', 'deny', 'defer', 'relay', 'size'];

/**
 * Reads what a rule says.
 * @throws {ValueError} when it cannot be a rule; the message is a clause without a final period
 */
export function parseRule(text: string): ClientRule {
  const refused = refusal.exec(text)?.groups;
  if (refused !== undefined) return refusingRule(refused.word === 'defer', withoutQuotes(refused.text ?? ''));
  const rule = new RuleBuilder();
  instruction.lastIndex = 0;
  while (instruction.lastIndex < text.trimEnd().length) {
    const from = instruction.lastIndex;
    const { word, equals, quoted, plain } = instruction.exec(text)?.groups ?? {};
    if (word === undefined) {
      throw new ValueError(
        `it cannot be read from ${JSON.stringify(text.slice(from).trim().slice(0, 40))} on; a value with white space is in quotation marks, as in NAME="two words"`,
      );
    }
    const value = quoted?.replaceAll(/\\(.)/gsu, '$1') ?? plain;
    addInstruction(rule, word, equals === undefined ? undefined : value);
  }
  return rule.finish();
}

/** Writes a rule in the form that `parseRule` reads. */
export function formatRule(rule: ClientRule): string {
  if (rule.kind === 'refuse') {
    const word = rule.isTemporary ? 'defer' : 'deny';
    return rule.text === '' ? word : `${word} ${quotedIfEmptyAtEnds(rule.text)}`;
  }
  const { relay, maxMessageBytes, variables } = rule;
  const parts: string[] = [];
  if (relay !== undefined) parts.push(relay === '' ? 'relay' : `relay=${quoted(relay)}`);
  if (maxMessageBytes !== undefined)
    parts.push(maxMessageBytes === 0 ? 'size=none' : `size=${formatSize(maxMessageBytes)}`);
  for (const [name, value] of Object.entries(variables)) parts.push(`${name}=${quoted(value)}`);
  return parts.length === 0 ? 'allow' : parts.join(' ');
}

/** @throws {ValueError} when the text cannot be in a reply */
export function refusingRule(isTemporary: boolean, text: string): RefusingRule {
  if (text.length > maxTextLength)
    throw new ValueError(`the text for the client has more than ${maxTextLength} characters`);
  if (controlCharacter.test(text)) throw new ValueError('the text for the client has a control character');
  return { kind: 'refuse', isTemporary, text };
}

/** Puts an allowing rule together, whichever form it was written in. */
export class RuleBuilder {
  #relay: string | undefined;
  #maxMessageBytes: number | undefined;
  readonly #variables = new Map<string, string>();

  /** @throws {ValueError} when nothing can be appended to addresses with it */
  relay(suffix: string): void {
    if (suffix !== '' && appendSuffix('joe@example.com', suffix) === undefined) {
      throw new ValueError(
        `${JSON.stringify(suffix)} makes no address when it is appended to one; a domain such as "@fax.example.com" does`,
      );
    }
    this.#relay = suffix;
  }

  /** @param bytes - 0 for no limit */
  size(bytes: number): void {
    this.#maxMessageBytes = bytes;
  }

  /** Of several values the last counts. @throws {ValueError} when the name or the value is not possible */
  variable(name: string, value: string): void {
    if (!variableName.test(name)) {
      throw new ValueError(
        `${JSON.stringify(name.slice(0, 80))} is not the name of a variable: letters, digits and "_", at most 64`,
      );
    }
    if (controlCharacter.test(value)) throw new ValueError(`the value of ${name} has a control character`);
    this.#variables.set(name, value);
    if (this.#variables.size > maxVariables)
      throw new ValueError(`it has more than ${maxVariables} variables`);
  }

  finish(): AllowingRule {
    return {
      kind: 'allow',
      relay: this.#relay,
      maxMessageBytes: this.#maxMessageBytes,
      variables: Object.freeze(Object.fromEntries(this.#variables)),
    };
  }
}

function addInstruction(rule: RuleBuilder, word: string, value: string | undefined): void {
  switch (word) {
    case 'allow':
      if (value !== undefined) throw new ValueError('"allow" has no value');
      return;
    case 'deny':
    case 'defer':
      throw new ValueError(`"${word}" stands alone, or before the text that the client is told`);
    case 'relay':
      rule.relay(value ?? '');
      return;
    case 'size':
      rule.size(value === 'none' ? 0 : sizeOf(value ?? ''));
      return;
    case 'RELAYCLIENT':
      throw new ValueError(
        'the right to relay is written "relay", or "relay=@domain" for what is appended to recipients',
      );
    case 'DATABYTES':
      throw new ValueError('the largest message is written "size=10MiB", or "size=none" for no limit');
    default:
      addVariable(rule, word, value);
  }
}

/** Names in small letters are kept for words of this form, so that a slip of the pen is not taken for a variable. */
function addVariable(rule: RuleBuilder, word: string, value: string | undefined): void {
  if (value !== undefined && !/[a-z]/u.test(word)) {
    rule.variable(word, value);
    return;
  }
  const meant = closest(word, words);
  const known =
    'known are allow, deny, defer, relay, size=SIZE and variables in capital letters such as TEAM=sales';
  const advice = meant === undefined ? `; ${known}` : ` (did you mean "${meant}"?)`;
  throw new ValueError(`${JSON.stringify(word.slice(0, 80))} is no word of a rule${advice}`);
}

function sizeOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === 0) throw new ValueError('size=0 would refuse every message; write size=none for no limit');
  return bytes;
}

function withoutQuotes(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > 1 && trimmed.startsWith('"') && trimmed.endsWith('"')
    ? trimmed.slice(1, -1)
    : trimmed;
}

function quotedIfEmptyAtEnds(text: string): string {
  return withoutQuotes(text) === text ? text : `"${text}"`;
}

function quoted(value: string): string {
  return /^[^\s"\\]+$/u.test(value) ? value : `"${value.replaceAll(/["\\]/gu, '\\$&')}"`;
}
