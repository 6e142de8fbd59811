// Finds replies that say nothing about the mail: a smarthost wants a log-in, or another one, before it takes any.

import type { SessionFailure } from '../../protocol/smtp/client/client-session.ts';
import type { ConnectedPlace } from '../types.ts';

/**
 * RFC 4954 6: 530, authentication required. Some servers say 535, credentials not valid, to MAIL or RCPT as well. From a smarthost it
 * means that our configuration is not complete; so the mail waits instead of going back. What an MX host says by it is its own business.
 */
export function wantsLogin(failure: SessionFailure, { hop, site }: ConnectedPlace): boolean {
  return (
    hop.transport === 'smtp' &&
    site.startsWith('relay') &&
    failure.kind === 'reply' &&
    (failure.reply.code === 530 || failure.reply.code === 535)
  );
}
