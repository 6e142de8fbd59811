// Checks what a stage answered. A stage may be a program of somebody else: whatever it answers, no reply is malformed, no envelope
// gets an address that is none, and nothing happens that its point does not allow.

import { appendSuffix } from '../address/append-suffix.ts';
import { parsePath } from '../address/path.ts';
import { fieldEditFault, fieldReplacementFault } from '../message/editable-header.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import {
  recipientValuesFault,
  resultFault,
  senderValuesFault,
  tenantFault,
} from './check-envelope-values.ts';
import { type ClientRuleFacts, type Edit, type NewBody, type Point, points, type Verdict } from './stage.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** The first point of each kind of verdict and edit. */
const firstPoint: Readonly<Record<Verdict['kind'] | Edit['kind'], Point>> = {
  continue: 'connect',
  accept: 'connect',
  reject: 'connect',
  tempfail: 'connect',
  disconnect: 'connect',
  drop: 'connect',
  discard: 'mail',
  quarantine: 'mail',
  'set-client-rule': 'connect',
  'reply-line': 'connect',
  'set-tenant': 'mail',
  'change-sender': 'mail',
  'change-recipient': 'rcpt',
  'set-route': 'rcpt',
  'add-recipient': 'data',
  'remove-recipient': 'data',
  'insert-field': 'mail',
  'add-field': 'mail',
  'change-field': 'mail',
  'remove-field': 'mail',
  'replace-field': 'headers',
  'replace-body': 'content',
};

/** Edits that are allowed at their first point only. */
const onlyThere: ReadonlySet<string> = new Set(['set-tenant', 'change-recipient']);

/** The last point of edits that are not about a message. */
const lastPoint: ReadonlyMap<string, Point> = new Map([
  ['set-client-rule', 'rcpt'],
  ['reply-line', 'data'],
]);

const rank = new Map(points.map((point, index) => [point, index]));

/** Of a refusal. Clients read it into memory, and the log has all of it. */
const mostReplyLines = 128;
const mostReplyChars = 64 * 1024;

const noRoutes: ReadonlySet<string> = new Set();

/**
 * Says what is wrong with an answer; undefined when it is a verdict that is allowed at this point.
 * @param routes - the names of routes that it may choose
 */
export function verdictFault(answer: unknown, point: Point, routes = noRoutes): string | undefined {
  const verdict = answer as Verdict | null | undefined; // whether it is one is what is checked here
  const kind = verdict?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(firstPoint, kind))
    return 'it answered something that is no verdict';
  if (!isAllowed(kind, point)) return `it answered ${kind}, which is not allowed at ${point}`;
  switch (verdict?.kind) {
    case 'reject':
      return replyFault(verdict.reply, 500, 599);
    case 'tempfail':
      return replyFault(verdict.reply, 400, 499);
    case 'disconnect':
      return replyFault(verdict.reply, 400, 599);
    case 'drop':
      return undefined;
    case 'discard':
      return textFault(verdict.reason);
    case 'quarantine':
      return (
        textFault(verdict.reason) ?? resultFault(verdict.result) ?? editsFault(verdict.edits, point, routes)
      );
    case 'continue':
    case 'accept':
      return resultFault(verdict.result) ?? editsFault(verdict.edits, point, routes);
    default:
      return 'it answered something that is no verdict';
  }
}

function isAllowed(kind: Verdict['kind'] | Edit['kind'], point: Point): boolean {
  const first = firstPoint[kind];
  if (onlyThere.has(kind)) return point === first;
  const last = lastPoint.get(kind) ?? 'content';
  return rankOf(point) >= rankOf(first) && rankOf(point) <= rankOf(last);
}

function rankOf(point: Point): number {
  return rank.get(point) ?? 0;
}

function replyFault(reply: Reply | null | undefined, least: number, most: number): string | undefined {
  if (typeof reply !== 'object' || reply === null) return 'it answered a refusal without a reply';
  const { code, enhanced, text } = reply;
  if (!Number.isInteger(code) || code < least || code > most) {
    return `it answered the reply code ${String(code)}, which is not from ${least} to ${most}`;
  }
  // RFC 3463 2, RFC 2034 4: the class of the status is the first digit of the code.
  const isStatusRight =
    enhanced === undefined ||
    (typeof enhanced === 'string' &&
      /^[45]\.\d{1,3}\.\d{1,3}$/.test(enhanced) &&
      enhanced[0] === String(code)[0]);
  if (!isStatusRight) return `it answered the enhanced status code ${String(enhanced)} with ${code}`;
  const lines: readonly unknown[] = Array.isArray(text) ? text : [text];
  if (lines.length > mostReplyLines) return `it answered a reply of more than ${mostReplyLines} lines`;
  if (!lines.every((line) => typeof line === 'string')) return 'it answered a reply without a text';
  const chars = lines.reduce<number>((sum, line) => sum + String(line).length, 0);
  return chars > mostReplyChars ? `it answered a reply of more than ${mostReplyChars} characters` : undefined;
}

function textFault(text: unknown): string | undefined {
  return typeof text === 'string' && text !== '' ? undefined : 'it gave no reason';
}

function editsFault(
  edits: readonly Edit[] | undefined,
  point: Point,
  routes: ReadonlySet<string>,
): string | undefined {
  if (edits === undefined) return undefined;
  if (!Array.isArray(edits)) return 'its edits are no list';
  if (edits.filter((edit: Edit | null) => edit?.kind === 'reply-line').length > mostReplyLines)
    return `it gave more than ${mostReplyLines} lines for the reply`;
  for (const edit of edits as readonly Edit[]) {
    const fault = editFault(edit, point, routes);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function editFault(edit: Edit, point: Point, routes: ReadonlySet<string>): string | undefined {
  const kind: unknown = (edit as Edit | null)?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(firstPoint, kind))
    return 'it made an edit of an unknown kind';
  if (!isAllowed(edit.kind, point)) return `it made the edit ${kind}, which is not allowed at ${point}`;
  switch (edit.kind) {
    case 'set-client-rule':
      return ruleFault(edit.rule);
    case 'change-sender':
      return addressFault(edit.address, true) ?? senderValuesFault(edit);
    case 'change-recipient':
      return addressFault(edit.address, false);
    case 'add-recipient':
      return (
        addressFault(edit.recipient?.address, false) ??
        recipientValuesFault(edit.recipient) ??
        (edit.recipient.route === undefined ? undefined : routeFault(edit.recipient.route, routes))
      );
    case 'set-route':
      return routeFault(edit.route, routes) ?? ofRecipientFault(edit.recipient, point);
    case 'remove-recipient':
      return undefined;
    case 'set-tenant':
      return tenantFault(edit);
    case 'insert-field':
    case 'add-field':
    case 'change-field':
    case 'remove-field':
      return fieldEditFault(edit);
    case 'replace-field':
      return fieldReplacementFault(edit);
    case 'reply-line':
      return replyLineFault(edit.text);
    case 'replace-body':
      return bodyFault(edit.body);
    default:
      return 'it made an edit of an unknown kind';
  }
}

function replyLineFault(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'it gave no text for the reply';
  return text.length > mostReplyChars
    ? `it gave a line for the reply of more than ${mostReplyChars} characters`
    : undefined;
}

export function addressFault(address: unknown, allowNull: boolean): string | undefined {
  if (typeof address !== 'string') return 'it gave no address';
  const path = parsePath(`<${address}>`, { allowUtf8: true, allowNull });
  const isWhole = path.kind !== 'invalid' && path.end === address.length + 2;
  return isWhole ? undefined : `it gave an address that is none: ${JSON.stringify(address.slice(0, 100))}`;
}

function routeFault(route: unknown, routes: ReadonlySet<string>): string | undefined {
  if (typeof route !== 'string') return 'it gave no name of a route';
  if (routes.has(route)) return undefined;
  return `it chose the route ${JSON.stringify(route.slice(0, 100))}, and no [[route]] has this name`;
}

function ofRecipientFault(recipient: unknown, point: Point): string | undefined {
  if (recipient === undefined) return undefined;
  if (point === 'rcpt') return 'it chose a route for another recipient than the one in question';
  return addressFault(recipient, false);
}

function ruleFault(rule: ClientRuleFacts | undefined): string | undefined {
  if (typeof rule !== 'object' || rule === null || typeof rule.who !== 'string') return 'it gave no rule';
  const { relay, maxMessageBytes, variables } = rule;
  if (relay !== undefined && !isSuffix(relay))
    return 'it gave a text to append to recipients that makes no address';
  if (maxMessageBytes !== undefined && !(Number.isSafeInteger(maxMessageBytes) && maxMessageBytes >= 0))
    return 'it gave a largest message that is no number of bytes';
  if (typeof variables !== 'object' || variables === null) return 'it gave no variables';
  const isText = (value: unknown): boolean =>
    typeof value === 'string' && !/[\0-\x08\x0a-\x1f\x7f]/u.test(value);
  return Object.entries(variables).flat().every(isText) ? undefined : 'it gave a variable that is no text';
}

function isSuffix(relay: unknown): boolean {
  if (typeof relay !== 'string') return false;
  return relay === '' || appendSuffix('joe@example.com', relay) !== undefined;
}

/** RFC 5321 2.3.8: CR and LF occur only together, as the end of a line. */
function bodyFault(body: unknown): string | undefined {
  if (!(body instanceof Uint8Array)) {
    // Line ends of a new body were made right as it was written.
    const isNew = typeof (body as Partial<NewBody> | null | undefined)?.write === 'function';
    return isNew ? undefined : 'it gave no body';
  }
  for (let at = body.indexOf(lineFeed); at !== -1; at = body.indexOf(lineFeed, at + 1)) {
    if (body[at - 1] !== carriageReturn) return 'it gave a body with an LF alone';
  }
  for (let at = body.indexOf(carriageReturn); at !== -1; at = body.indexOf(carriageReturn, at + 1)) {
    if (body[at + 1] !== lineFeed) return 'it gave a body with a CR alone';
  }
  return undefined;
}
