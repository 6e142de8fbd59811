// What holds for one user: a quota of the directory comes before that of [mailboxes], and 0 stands for none.

import type { QuotaLimits } from '../../values/shared-quotas.ts';

export function limitsOf(
  { bytes, messages }: QuotaLimits,
  { quotaBytes }: { readonly quotaBytes?: number | undefined },
): QuotaLimits {
  const most = quotaBytes ?? bytes;
  return {
    ...(most !== undefined && most > 0 && { bytes: most }),
    ...(messages !== undefined && messages > 0 && { messages }),
  };
}

export function isLimited({ bytes, messages }: QuotaLimits): boolean {
  return bytes !== undefined || messages !== undefined;
}
