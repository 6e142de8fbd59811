// What stands in front of a message in an archive: its envelope, which the message itself does not tell, hidden recipients included.

import type { Envelope } from '../../message/envelope.ts';
import { originalAddress } from '../local/original-address.ts';

/**
 * @param whole - the envelope with all recipients of the message
 * @param own - with those that go to the archive; copies for it are about all others
 */
export function archiveFields(whole: Envelope, own: Envelope): string {
  const isCopy = own.recipients[0]?.isCopy === true;
  const told = isCopy ? whole.recipients.filter((each) => each.isCopy !== true) : own.recipients;
  const lines = [
    `Return-Path: <${whole.reversePath}>`,
    ...told.map((each) => `X-Original-To: ${originalAddress(each)}`),
    ...told.map(({ address }) => `Delivered-To: ${address}`),
    `X-Queue-ID: ${whole.queueId}`,
  ];
  return `${lines.join('\n')}\n`;
}
