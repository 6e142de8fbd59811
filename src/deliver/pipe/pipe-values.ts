// What a program is told of the mail: the values for its arguments, and the environment of qmail-command(8). Both are made from the facts of
// one recipient, so that whoever starts the program needs no more than these.

import type { PipeValues } from '../../values/pipe-command.ts';

/** The facts of one run. */
export interface PipeFacts {
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
  /** That the sender wrote, where it is known (ORCPT, RFC 3461); else the recipient. */
  readonly originalRecipient: string;
  readonly queueId: string;
  readonly sizeBytes: number;
  /** Unix ms. */
  readonly nowMs: number;
}

/** Local part and domain of an address; the local part without the quotes that it had. */
function partsOf(address: string): { readonly mailbox: string; readonly domain: string } {
  const at = address.lastIndexOf('@');
  const local = at === -1 ? address : address.slice(0, at);
  const domain = at === -1 ? '' : address.slice(at + 1).toLowerCase();
  const mailbox = local.startsWith('"') ? local.slice(1, -1).replaceAll(/\\(.)/g, '$1') : local;
  return { mailbox, domain };
}

export function pipeValues(facts: PipeFacts): PipeValues {
  const { sender, recipient, originalRecipient, queueId, sizeBytes } = facts;
  const { mailbox, domain } = partsOf(recipient);
  // A "+" at the beginning separates nothing.
  const plus = mailbox.indexOf('+', 1);
  return {
    recipient,
    user: plus === -1 ? mailbox : mailbox.slice(0, plus),
    extension: plus === -1 ? '' : mailbox.slice(plus + 1),
    mailbox,
    domain,
    original_recipient: originalRecipient,
    sender,
    queue_id: queueId,
    size: String(sizeBytes),
  };
}

/** `Return-Path: <...>` (RFC 5321 4.4). */
export function returnPathLine({ sender }: PipeFacts): string {
  return `Return-Path: <${sender}>\n`;
}

export function deliveredToLine({ recipient }: PipeFacts): string {
  return `Delivered-To: ${recipient}\n`;
}

export function originalToLine({ originalRecipient }: PipeFacts): string {
  return `X-Original-To: ${originalRecipient}\n`;
}

/** The line that begins a message in an mbox, with the date as ctime(3) writes it, in UTC. */
export function mboxFromLine({ sender, nowMs }: Pick<PipeFacts, 'sender' | 'nowMs'>): string {
  const who = sender === '' ? 'MAILER-DAEMON' : sender.replaceAll(/\s/g, '-');
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(nowMs)
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `From ${who} ${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}\n`;
}

/** The user that the program runs as. */
export interface PipeUser {
  readonly user: string;
  readonly home: string;
}

/**
 * As for a virtual domain whose mail a `.qmail-default` takes: EXT and DEFAULT are the whole local part.
 * @param inherited - what every program gets
 */
export function pipeEnvironment(
  facts: PipeFacts,
  { user, home }: PipeUser,
  inherited: Readonly<Record<string, string>>,
): Record<string, string> {
  const { sender, recipient } = facts;
  const { mailbox, domain } = partsOf(recipient);
  const words = mailbox.split('-');
  const labels = domain.split('.');
  return {
    ...inherited,
    HOME: home,
    USER: user,
    LOGNAME: user,
    SENDER: sender,
    NEWSENDER: sender,
    RECIPIENT: recipient,
    LOCAL: mailbox,
    EXT: mailbox,
    EXT2: words.slice(1).join('-'),
    EXT3: words.slice(2).join('-'),
    EXT4: words.slice(3).join('-'),
    DEFAULT: mailbox,
    HOST: domain,
    // What precedes the last dot, the last but one, and the one before.
    HOST2: labels.slice(0, -1).join('.'),
    HOST3: labels.slice(0, -2).join('.'),
    HOST4: labels.slice(0, -3).join('.'),
    DTLINE: deliveredToLine(facts),
    RPLINE: returnPathLine(facts),
    UFLINE: mboxFromLine(facts),
    ORIGINAL_RECIPIENT: facts.originalRecipient,
    QUEUE_ID: facts.queueId,
  };
}

/** Longer texts come of no message that a sender reads: see `PipeConnection`. */
const mostCharacters = 2000;

/** Is this what it says it is? It comes from another process. */
export function isPipeFacts(facts: Readonly<Record<keyof PipeFacts, unknown>>): facts is PipeFacts {
  const { sender, recipient, originalRecipient, queueId, sizeBytes, nowMs } = facts;
  const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= mostCharacters;
  return (
    [sender, recipient, originalRecipient, queueId].every(isText) &&
    Number.isSafeInteger(sizeBytes) &&
    Number.isSafeInteger(nowMs)
  );
}
