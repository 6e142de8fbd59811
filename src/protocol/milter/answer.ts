// What a milter says in one packet. Promises: a packet is either understood as a whole, or malformed.

import type { Packet } from './packet-reader.ts';
import { type MilterReply, readReplyCode } from './reply-code.ts';

/** A change of the envelope or the header. Values of fields are Latin-1: one character for each byte. */
export type MilterEdit =
  | { readonly kind: 'add-header'; readonly name: string; readonly value: string }
  | { readonly kind: 'insert-header'; readonly index: number; readonly name: string; readonly value: string }
  /** An empty value deletes the field. */
  | { readonly kind: 'change-header'; readonly index: number; readonly name: string; readonly value: string }
  /** Addresses are as the milter gave them, perhaps in brackets. Parameters are those of MAIL or RCPT. */
  | { readonly kind: 'add-recipient'; readonly address: string; readonly parameters: string }
  | { readonly kind: 'delete-recipient'; readonly address: string }
  | { readonly kind: 'change-sender'; readonly address: string; readonly parameters: string };

export type MilterAnswer =
  | {
      readonly kind:
        | 'continue'
        | 'accept'
        | 'discard'
        | 'reject'
        | 'tempfail'
        | 'skip'
        | 'progress'
        | 'shutdown'
        | 'connection-failure';
    }
  | { readonly kind: 'reply'; readonly reply: MilterReply }
  | { readonly kind: 'quarantine'; readonly reason: string }
  | { readonly kind: 'edit'; readonly edit: MilterEdit }
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'negotiation'; readonly payload: Buffer }
  /** @param why - a clause: `it sent ...` */
  | { readonly kind: 'malformed'; readonly why: string };

/** Answers without a payload, by their letter. A payload is ignored, as other MTAs do. */
const plain: ReadonlyMap<string, MilterAnswer> = new Map([
  ['c', { kind: 'continue' }],
  ['a', { kind: 'accept' }],
  ['d', { kind: 'discard' }],
  ['r', { kind: 'reject' }],
  ['t', { kind: 'tempfail' }],
  ['s', { kind: 'skip' }],
  ['p', { kind: 'progress' }],
  ['4', { kind: 'shutdown' }],
  ['f', { kind: 'connection-failure' }],
]);

const indexBytes = 4;

export function readAnswer({ letter, payload }: Packet): MilterAnswer {
  const known = plain.get(letter);
  if (known !== undefined) return known;
  switch (letter) {
    case 'O':
      return { kind: 'negotiation', payload };
    case 'b':
      return { kind: 'body', bytes: payload };
    case 'y': {
      const [text] = strings(payload, 'utf8', 1) ?? [];
      const reply = text === undefined ? undefined : readReplyCode(text);
      return reply === undefined ? malformed('a reply code that is none') : { kind: 'reply', reply };
    }
    case 'q': {
      const [reason] = strings(payload, 'utf8', 1) ?? [];
      if (reason === undefined) return malformed('a quarantine without a text');
      return { kind: 'quarantine', reason: reason === '' ? 'a milter asked for it' : reason };
    }
    case '+':
    case '2':
      return address(payload, 'add-recipient');
    case '-':
      return address(payload, 'delete-recipient');
    case 'e':
      return address(payload, 'change-sender');
    case 'h':
      return header(payload, 'add-header');
    case 'i':
      return header(payload, 'insert-header');
    case 'm':
      return header(payload, 'change-header');
    default:
      return malformed(`a packet with the unknown letter ${JSON.stringify(letter)}`);
  }
}

function address(
  payload: Buffer,
  kind: 'add-recipient' | 'delete-recipient' | 'change-sender',
): MilterAnswer {
  const [given, parameters = '', ...more] = strings(payload, 'utf8', 1) ?? [];
  if (given === undefined || more.length > 0) return malformed(`a malformed ${kind}`);
  const edit = kind === 'delete-recipient' ? { kind, address: given } : { kind, address: given, parameters };
  return { kind: 'edit', edit };
}

function header(payload: Buffer, kind: 'add-header' | 'insert-header' | 'change-header'): MilterAnswer {
  const skipped = kind === 'add-header' ? 0 : indexBytes;
  const texts = payload.length < skipped ? undefined : strings(payload.subarray(skipped), 'latin1', 2);
  const [name, value, ...more] = texts ?? [];
  if (name === undefined || value === undefined || more.length > 0) return malformed(`a malformed ${kind}`);
  if (kind === 'add-header') return { kind: 'edit', edit: { kind, name, value } };
  return { kind: 'edit', edit: { kind, index: payload.readUInt32BE(0), name, value } };
}

/** @returns undefined when there are fewer than `least`, or the last one has no end */
function strings(payload: Buffer, encoding: 'utf8' | 'latin1', least: number): string[] | undefined {
  if (payload.at(-1) !== 0) return undefined;
  const all = payload.toString(encoding, 0, payload.length - 1).split('\0');
  return all.length < least ? undefined : all;
}

function malformed(what: string): MilterAnswer {
  return { kind: 'malformed', why: `it sent ${what}` };
}
