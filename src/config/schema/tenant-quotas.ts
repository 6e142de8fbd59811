// How much mail a tenant may have: in the queue, by keys of [queue] for all tenants and of [[tenant]] for one, and in mailboxes.

import { key, size, wholeNumber } from './fields.ts';

const messages = wholeNumber(1, 1_000_000_000);
const bytes = size(1);

/** Spread into [queue]. */
export const queueQuotaOfTenants = {
  tenant_max_messages: key(
    messages.optional(),
    'The most messages of a tenant that may wait in the queue, for each [[tenant]] that has no queue_max_messages. Further mail of the tenant is answered 452. Mail of no tenant is not limited. docs/queue-quotas.md says more.',
    { defaultText: 'no limit', example: '100000' },
  ),
  tenant_max_size: key(
    bytes.optional(),
    'The most bytes of mail of a tenant that may wait in the queue, for each [[tenant]] that has no queue_max_size.',
    { defaultText: 'no limit', example: '"10GiB"' },
  ),
};

/** Spread into [[tenant]]. */
export const mailboxQuotaOfTenant = {
  mailbox_quota: key(
    bytes.optional(),
    'The most bytes of mail in all mailboxes of the users of the tenant (user) together. docs/quotas.md says more.',
    { defaultText: 'no limit', example: '"100GiB"' },
  ),
  mailbox_quota_messages: key(
    messages.optional(),
    'The most messages in all mailboxes of the users of the tenant together.',
    { defaultText: 'no limit', example: '1000000' },
  ),
};

/** Spread into [[tenant]]. */
export const queueQuotaOfTenant = {
  queue_max_messages: key(
    messages.optional(),
    'The most messages of the tenant that may wait in the queue. Further mail of the tenant is answered 452, until some of it is delivered or has failed.',
    { defaultText: 'tenant_max_messages of [queue]', example: '100000' },
  ),
  queue_max_size: key(bytes.optional(), 'The most bytes of mail of the tenant that may wait in the queue.', {
    defaultText: 'tenant_max_size of [queue]',
    example: '"10GiB"',
  }),
};
