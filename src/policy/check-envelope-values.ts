// Checks what a stage says of an envelope beside addresses: it goes into the record of the message, which must not hold anything else.

import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { Edit, MailFacts, StageResult } from './stage.ts';

/** Texts of envelopes and results: longer ones are a mistake. */
const mostChars = 4096;

/** DSN parameters of a recipient (RFC 3461 4.1, 4.2). */
export function recipientValuesFault({
  notify,
  originalRecipient,
  isCopy,
}: EnvelopeRecipient): string | undefined {
  if (isCopy !== undefined && isCopy !== true) return 'it gave a recipient that is neither a copy nor none';
  if (originalRecipient !== undefined && !isText(originalRecipient))
    return 'it gave an original recipient that is no text';
  if (notify === undefined) return undefined;
  const flags: readonly unknown[] =
    typeof notify === 'object' && notify !== null
      ? [notify.never, notify.success, notify.failure, notify.delay]
      : [undefined];
  return flags.every((flag) => typeof flag === 'boolean') ? undefined : 'it gave no NOTIFY of a recipient';
}

export function tenantFault({
  name,
  priority,
}: Extract<Edit, { readonly kind: 'set-tenant' }>): string | undefined {
  if (!isText(name)) return 'it gave a tenant that is no text';
  // RFC 6710 2.
  const isPriority = priority === undefined || (Number.isInteger(priority) && Math.abs(priority) <= 9);
  return isPriority ? undefined : 'it gave a priority that is not from -9 to 9';
}

/** RET and ENVID (RFC 3461 4.3, 4.4). */
export function senderValuesFault({
  params,
}: Extract<Edit, { readonly kind: 'change-sender' }>): string | undefined {
  if (params === undefined) return undefined;
  if (typeof params !== 'object' || params === null) return 'it gave no parameters of a sender';
  const { ret, envelopeId, ...others } = params;
  if (Object.keys(others).length > 0) return 'it gave parameters of a sender beside RET and ENVID';
  if (ret !== undefined && ret !== 'FULL' && ret !== 'HDRS')
    return 'it gave a RET that is neither FULL nor HDRS';
  return envelopeId === undefined || isText(envelopeId) ? undefined : 'it gave an ENVID that is no text';
}

const nonAscii = /[^\0-\x7f]/;

/**
 * RFC 6531 3.3, 3.4: an address has characters outside ASCII only where the client has asked for SMTPUTF8. Such a message would come back
 * from the next server. Copies for archives come back to nobody.
 * @param edits - whose addresses are valid
 */
export function utf8Fault(edits: readonly Edit[] | undefined, facts: MailFacts): string | undefined {
  const address = edits?.map(newAddress).find((each) => nonAscii.test(each));
  if (address === undefined || facts.transaction.params.smtpUtf8) return undefined;
  return `it gave the address ${JSON.stringify(address.slice(0, 100))}, which needs SMTPUTF8, and the client has not asked for it`;
}

function newAddress(edit: Edit): string {
  if (edit.kind === 'change-sender' || edit.kind === 'change-recipient') return edit.address;
  return edit.kind === 'add-recipient' && edit.recipient.isCopy !== true ? edit.recipient.address : '';
}

export function resultFault(result: StageResult | undefined): string | undefined {
  if (result === undefined) return undefined;
  const isRecord = typeof result === 'object' && result !== null && !Array.isArray(result);
  const isPlain = isRecord && Object.values(result).every((value) => typeof value === 'string');
  return isPlain ? undefined : 'its result is no table of texts';
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= mostChars && !/[\0\r\n]/u.test(value);
}
