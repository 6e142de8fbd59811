// What an alias of the system stands for, down to what can be carried out: aliases that it names are looked up, too. Promises: every walk ends; an
// alias that names itself means the user of this name; what is not permitted, and what leads to nothing, makes mail wait, and is never passed over.

import { partsOf } from '../address/mailbox-parts.ts';
import type { AliasPermit } from '../values/system-way.ts';
import { readingsOf } from './address-user.ts';
import { deadEnd } from './dead-end.ts';
import { instructionOf, splitEntries } from './entries.ts';
import { type Fault, fault, type Instruction } from './types.ts';

/** Aliases that are looked up for one message. */
const mostLooked = 1_000;

export interface AliasRules {
  /** Of the address, and of names without one: such names may be aliases. In lower case. */
  readonly domain: string;
  readonly permits: readonly AliasPermit[];
  /** The text of an alias. @param name - in lower case */
  readonly textOf: (name: string) => string | undefined;
}

export interface AliasSteps {
  readonly kind: 'steps';
  /** Without `own-mailbox`; none: mail is for the user of this name alone. */
  readonly steps: readonly Instruction[];
  /** It names itself: mail is for the user of this name, too. */
  readonly hasUser: boolean;
}

const permitOf = { program: 'program', maildir: 'file', mbox: 'file', include: 'include' } as const;

export function aliasSteps(name: string, { domain, permits, textOf }: AliasRules): AliasSteps | Fault {
  const steps: Instruction[] = [];
  const looked = new Set([name]);
  let hasUser = false;
  const leadsTo = new Map<string, string[]>();
  const ends = new Set<string>();
  for (const each of looked) {
    if (looked.size > mostLooked)
      return fault('4.3.5', `the alias ${name} leads to more than ${mostLooked} others`);
    const entries = splitEntries(textOf(each) ?? '');
    if ('kind' in entries) return faultOf(each, entries.text);
    const others: string[] = [];
    leadsTo.set(each, others);
    for (const entry of entries) {
      const one = instructionOf(entry, domain, () => false);
      if (one.kind === 'fault') return faultOf(each, one.text);
      if (one.kind === 'own-mailbox') continue;
      if (one.kind !== 'forward') {
        const permit = permitOf[one.kind];
        if (!permits.includes(permit)) return faultOf(each, `alias_permits does not name "${permit}"`);
        steps.push(one);
        ends.add(each);
        continue;
      }
      const local = localName(one.address, domain);
      const isUser = local === each || entry.replace(/^"/, '').startsWith('\\');
      if (!isUser && local !== undefined && textOf(local) !== undefined) {
        looked.add(local);
        others.push(local);
        continue;
      }
      ends.add(each);
      if (isUser && local === name) hasUser = true;
      else steps.push(one);
    }
  }
  const way = deadEnd(leadsTo, ends);
  if (way !== undefined) return deadEndFault(way);
  return { kind: 'steps', steps, hasUser };
}

/** The name, where it may be an alias. */
function localName(address: string, domain: string): string | undefined {
  const { content, domain: own } = partsOf(address);
  return own.toLowerCase() === domain ? content.toLowerCase() : undefined;
}

function deadEndFault(way: readonly string[]): Fault {
  const [name = ''] = way;
  if (way.length === 1) return faultOf(name, 'it stands for nobody');
  return fault('4.3.5', `the alias ${name} stands for nobody: ${shortWay(way)}`);
}

function shortWay(way: readonly string[]): string {
  const shown = way.length > 10 ? [...way.slice(0, 8), '...', ...way.slice(-1)] : way;
  return shown.join(' -> ');
}

function faultOf(name: string, text: string): Fault {
  return fault('4.3.5', `the alias ${name}: ${text}`);
}

/**
 * The alias that an address is for: its whole local part, or what stands before a separator other than the dash, which names of aliases have in them.
 * @returns undefined: none
 */
export function aliasNameOf(
  address: string,
  separators: string,
  textOf: AliasRules['textOf'],
): string | undefined {
  return readingsOf(address, separators.replaceAll('-', ''))
    .map(({ user }) => user)
    .find((name) => textOf(name) !== undefined);
}
