// Rules in the form of tcprules(1) of ucspi-tcp, as text (`10.0.:allow,RELAYCLIENT=""`) and as records of a database that it has
// compiled. Both become the same rules; what tcprules does not accept is not accepted here.

import type { Network } from '../../values/network.ts';
import { parseNetwork } from '../../values/network.ts';
import { ValueError } from '../../values/value-error.ts';
import { type ClientRule, refusingRule, RuleBuilder } from './client-rule.ts';
import { networkOfPrefix, type RuleSubject } from './rule-subject.ts';

/** An address of a rule that no client meets, and why; for a warning. */
export interface UnusedAddress {
  readonly kind: 'unused';
  /** A clause that goes on after "a rule such as ...". */
  readonly reason: string;
}

/** The instructions of one rule in order. */
interface Instructions {
  isDenied: boolean;
  readonly variables: (readonly [string, string])[];
}

/** Where white space at the end begins. */
function visibleEnd(text: string): number {
  let end = text.length;
  while (text[end - 1] === ' ' || text[end - 1] === '\t') end--;
  return end;
}

/** IPv6 has colons, which end the address in a rule of tcprules. */
const ipv6Rule = /^[0-9a-f:./]*:[0-9a-f:./]*:(?:allow|deny)/iu;
/** The octet with the first dash, and what stands around it. */
const firstRange = /^(?<before>[^-]*\.|)(?<first>\d*)-(?<last>\d*)(?<after>\..*|)$/u;

/**
 * Reads a line of text.
 * @returns the addresses, of which a range has several, and the rule; undefined for a line without a colon, which tcprules skips
 * @throws {ValueError} when tcprules refuses it, or a value is not possible; the message is a clause without a final period
 */
export function readTcprulesLine(
  text: string,
): { readonly addresses: readonly string[]; readonly rule: ClientRule } | undefined {
  // As tcprules does: white space counts at the beginning alone.
  const line = text.slice(0, visibleEnd(text));
  const colon = line.indexOf(':');
  if (colon === -1) return undefined;
  if (ipv6Rule.test(line))
    throw new ValueError(
      'tcprules knows no IPv6 addresses; write the rules in the form of kind = "rules" for them',
    );
  const instructions = readInstructions(line.slice(colon + 1));
  return { addresses: addressesOf(line.slice(0, colon)), rule: ruleOf(instructions) };
}

/**
 * Reads the data of a record: `D` for deny, and `+NAME=value` for each variable, each with a zero byte after it.
 * @throws {ValueError} when it is something else
 */
export function readTcprulesData(data: string): ClientRule {
  const instructions: Instructions = { isDenied: false, variables: [] };
  const parts = data.split('\0');
  // As tcpserver does, what has no zero byte after it is not looked at.
  parts.pop();
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (part.startsWith('D')) instructions.isDenied = true;
    else if (part.startsWith('+') && equals !== -1)
      instructions.variables.push([part.slice(1, equals), part.slice(equals + 1)]);
    else throw new ValueError(`it holds ${JSON.stringify(part.slice(0, 40))}, which tcprules does not write`);
  }
  return ruleOf(instructions);
}

/** Whom an address of tcprules is about. */
export function tcprulesSubject(address: string): RuleSubject | UnusedAddress {
  if (address === '') return { kind: 'everyone' };
  if (address.includes('@'))
    return unused('is for a user whom identd would tell, and Sluice does not ask for one');
  if (address.startsWith('=')) return subjectOfName(address.slice(1).toLowerCase());
  const network = address.endsWith('.') ? networkOfPrefix(address) : wholeAddress(address);
  if (network !== undefined) return { kind: 'network', network };
  return unused(
    'is neither an address nor the beginning of one that ends with a dot, so that no client meets it',
  );
}

function subjectOfName(name: string): RuleSubject | UnusedAddress {
  if (name === '') return { kind: 'named' };
  const isSuffix = name.startsWith('.');
  const domain = isSuffix ? name.slice(1) : name;
  if (domain === '' || /[\s.]$|\s/u.test(domain)) return unused('has a name that no client can have');
  return { kind: 'name', pattern: { kind: isSuffix ? 'suffix' : 'exact', domain } };
}

function wholeAddress(address: string): Network | undefined {
  if (address.includes('/')) return undefined;
  try {
    return parseNetwork(address);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

/** `1.2.3.37-53` stands for seventeen addresses, `10.2-3.` for two prefixes. Only the first range of an address counts. */
function addressesOf(address: string): readonly string[] {
  if (!address.includes('-') || address.includes('=') || address.includes('@')) return [address];
  // As in tcprules, a number that is missing is 0.
  const { before = '', first, last, after = '' } = firstRange.exec(address)?.groups ?? {};
  if (first === undefined || last === undefined)
    throw new ValueError(`${JSON.stringify(address.slice(0, 80))} has a range that is not two numbers`);
  const all: string[] = [];
  const end = Math.min(255, Number(last));
  for (let octet = Number(first); octet <= end; octet++) all.push(before + octet + after);
  return all;
}

function readInstructions(text: string): Instructions {
  const isDenied = text.startsWith('deny');
  if (!isDenied && !text.startsWith('allow')) {
    throw new ValueError(
      `the instructions begin with neither "allow" nor "deny", but with ${JSON.stringify(text.slice(0, 20))}`,
    );
  }
  const variables: (readonly [string, string])[] = [];
  for (let at = isDenied ? 4 : 5; at < text.length;) {
    const equals = text.indexOf('=', at);
    if (text[at] !== ',' || equals === -1)
      throw new ValueError(
        `${JSON.stringify(text.slice(at, at + 20))} stands where ,NAME="value" or the end is due`,
      );
    const mark = text[equals + 1];
    const end = mark === undefined ? -1 : text.indexOf(mark, equals + 2);
    if (end === -1) {
      const name = text.slice(at + 1, equals);
      throw new ValueError(
        `the value of ${JSON.stringify(name.slice(0, 80))} is not in quotation marks, as in NAME="value"`,
      );
    }
    variables.push([text.slice(at + 1, equals), text.slice(equals + 2, end)]);
    at = end + 1;
  }
  return { isDenied, variables };
}

function ruleOf({ isDenied, variables }: Instructions): ClientRule {
  if (isDenied) return refusingRule(false, '');
  const rule = new RuleBuilder();
  let blocked = '';
  for (const [name, value] of variables) {
    if (name === 'RELAYCLIENT') rule.relay(value);
    else if (name === 'DATABYTES') rule.size(databytes(value));
    else rule.variable(name, value);
    if (name === 'RBLSMTPD') blocked = value;
  }
  // rblsmtpd(1) refuses a client with this text for now, and for good when "-" stands before it.
  if (blocked === '') return rule.finish();
  return refusingRule(!blocked.startsWith('-'), blocked.replace(/^-/u, ''));
}

/** qmail-control(5): in bytes; 0 for no limit. */
function databytes(value: string): number {
  if (!/^\d{1,15}$/u.test(value))
    throw new ValueError(`DATABYTES is ${JSON.stringify(value.slice(0, 40))}, and not a number of bytes`);
  return Number(value);
}

function unused(reason: string): UnusedAddress {
  return { kind: 'unused', reason };
}
