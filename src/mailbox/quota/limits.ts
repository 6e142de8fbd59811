// What holds for one user: a quota of the directory comes before that of [mailboxes], and 0 stands for none.

import type { QuotaLimits } from '../../values/shared-quotas.ts';

export function limitsOf(
  { bytes, messages }: QuotaLimits,
  user: { readonly quotaBytes?: number | undefined; readonly quotaMessages?: number | undefined },
): QuotaLimits {
  const [mostBytes = 0, mostMessages = 0] = [user.quotaBytes ?? bytes, user.quotaMessages ?? messages];
  return {
    ...(mostBytes > 0 && { bytes: mostBytes }),
    ...(mostMessages > 0 && { messages: mostMessages }),
  };
}

export function isLimited({ bytes, messages }: QuotaLimits): boolean {
  return bytes !== undefined || messages !== undefined;
}
