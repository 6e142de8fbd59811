// The actions that a policy server answers with, as access(5) of Postfix has them. Promises: an action that nobody can understand is no
// permission, and the text of a refusal stays on its line.

import { replaceUnprintableRuns } from '../../values/unprintable.ts';
import type { Reply } from '../smtp/server/server-types.ts';

export type PolicyAction =
  /** DUNNO: the next one in the list is asked. OK: it is not. */
  | { readonly kind: 'dunno' | 'ok' }
  /** REJECT, DEFER, and replies with a code of their own. */
  | { readonly kind: 'refuse'; readonly reply: Reply }
  /** DEFER_IF_PERMIT, DEFER_IF_REJECT. */
  | { readonly kind: 'defer-if-permit' | 'defer-if-reject'; readonly reply: Reply }
  /** HANGUP */
  | { readonly kind: 'hang-up' }
  /** HOLD, DISCARD, WARN, INFO. The text may be empty. */
  | { readonly kind: 'hold' | 'discard' | 'warn' | 'info'; readonly text: string }
  /** REDIRECT, BCC. */
  | { readonly kind: 'redirect' | 'bcc'; readonly address: string }
  /** FILTER, whose text is `transport:destination`. */
  | { readonly kind: 'filter'; readonly transport: string }
  /** PREPEND */
  | { readonly kind: 'prepend'; readonly name: string; readonly value: string };

/** The codes of Postfix: access_map_reject_code, access_map_defer_code. */
const rejectCode = 554;
const deferCode = 450;

/** RFC 5321 4.5.3.1.5: a reply line has 512 octets, with its code, its status and its end. */
const mostTextChars = 480;

/** @returns a clause about what is wrong, when it is none: `it answered ...` */
export function readPolicyAction(answered: string): PolicyAction | string {
  const action = answered.trim();
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/su.exec(action) ?? [];
  const text = replaceUnprintableRuns(rest, ' ');
  switch (word.toLowerCase()) {
    case 'dunno':
      return { kind: 'dunno' };
    case 'ok':
    case 'permit':
    case 'relay':
      return { kind: 'ok' };
    case 'reject':
      return { kind: 'refuse', reply: replyOf(rejectCode, text, 'Access denied') };
    case 'defer':
      return { kind: 'refuse', reply: replyOf(deferCode, text, 'Access denied') };
    case 'defer_if_permit':
      return { kind: 'defer-if-permit', reply: replyOf(deferCode, text, 'Service unavailable') };
    case 'defer_if_reject':
      return { kind: 'defer-if-reject', reply: replyOf(deferCode, text, 'Service unavailable') };
    case 'hangup':
      return { kind: 'hang-up' };
    case 'hold':
      return { kind: 'hold', text };
    case 'discard':
      return { kind: 'discard', text };
    case 'warn':
      return { kind: 'warn', text };
    case 'info':
      return { kind: 'info', text };
    case 'redirect':
      return addressed('redirect', rest) ?? unclear(action);
    case 'bcc':
      return addressed('bcc', rest) ?? unclear(action);
    case 'filter':
      return filter(rest) ?? unclear(action);
    case 'prepend':
      return prepend(rest) ?? unclear(action);
    default:
      return numeric(word, text) ?? unclear(action);
  }
}

/** A number alone is OK, as in tables of pop-before-smtp, where it is a time; 4NN and 5NN with a text are refusals. */
function numeric(word: string, text: string): PolicyAction | undefined {
  if (/^\d+$/.test(word) && text === '' && !/^[45]\d\d$/.test(word)) return { kind: 'ok' };
  if (!/^[45]\d\d$/.test(word)) return undefined;
  return { kind: 'refuse', reply: replyOf(Number(word), text, 'Access denied') };
}

/** A text may begin with an enhanced status code, of which the code says the class (RFC 3463 2). */
function replyOf(code: number, given: string, usual: string): Reply {
  const [, detail = '7.1', text = ''] = /^(?:[245]\.(\d{1,3}\.\d{1,3})(?:\s+|$))?(.*)$/su.exec(given) ?? [];
  const words = text === '' ? usual : text.slice(0, mostTextChars);
  return { code, enhanced: `${String(code).slice(0, 1)}.${detail}`, text: words };
}

function addressed(kind: 'redirect' | 'bcc', rest: string): PolicyAction | undefined {
  const address = rest.trim().replace(/^<(.*)>$/su, '$1');
  return address.includes('@') ? { kind, address } : undefined;
}

function filter(rest: string): PolicyAction | undefined {
  const [, transport = ''] = /^([A-Za-z0-9._-]+)(?::.*)?$/su.exec(rest.trim()) ?? [];
  return transport === '' ? undefined : { kind: 'filter', transport };
}

/** RFC 5322 2.2: the name of a field is printable, and has no colon. */
function prepend(rest: string): PolicyAction | undefined {
  const [, name = '', value = ''] = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:[ \t]*(.*)$/su.exec(rest) ?? [];
  return name === '' ? undefined : { kind: 'prepend', name, value };
}

function unclear(action: string): string {
  return `it answered an action that is not known, or lacks something: ${JSON.stringify(action.slice(0, 100))}`;
}
