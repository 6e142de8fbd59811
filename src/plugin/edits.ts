// Makes edits, for plugins: changes of the message that go along with a verdict. Pure. docs/stages.md says at which point each is allowed.

import type { Edit } from '../policy/stage.ts';

/** Puts a field above the others, below our own Received field. Names of fields are compared in any case. */
export function insertField(name: string, value: string): Edit {
  return { kind: 'insert-field', at: 1, name, value };
}

/** Puts a field below the others. */
export function addField(name: string, value: string): Edit {
  return { kind: 'add-field', name, value };
}

/** Replaces the value of a field, or adds it. @param occurrence - which of the fields of this name, from 1 */
export function changeField(name: string, value: string, occurrence = 1): Edit {
  return { kind: 'change-field', name, occurrence, value };
}

/** @param occurrence - which of the fields of this name, from 1 */
export function removeField(name: string, occurrence = 1): Edit {
  return { kind: 'remove-field', name, occurrence };
}

/** @param body - with CRLF line ends, not dot-stuffed */
export function replaceBody(body: Uint8Array): Edit {
  return { kind: 'replace-body', body };
}

/** @param address - without brackets; the empty one is the null reverse-path */
export function changeSender(address: string): Edit {
  return { kind: 'change-sender', address };
}

/** At `rcpt`: replaces the recipient in question. */
export function changeRecipient(address: string): Edit {
  return { kind: 'change-recipient', address };
}

export function addRecipient(address: string): Edit {
  return { kind: 'add-recipient', recipient: { address } };
}

export function removeRecipient(address: string): Edit {
  return { kind: 'remove-recipient', address };
}

/** At `mail`: whose mail it is. */
export function setTenant(name: string, priority?: number): Edit {
  return { kind: 'set-tenant', name, priority };
}

/** A further line of the reply to the command. */
export function replyLine(text: string): Edit {
  return { kind: 'reply-line', text };
}

/**
 * The mail goes by the [[route]] of this name, in place of what the routing table says.
 * @param recipient - from `data` on: the recipients with this address alone; all recipients when not given
 */
export function setRoute(route: string, recipient?: string): Edit {
  return recipient === undefined ? { kind: 'set-route', route } : { kind: 'set-route', route, recipient };
}
