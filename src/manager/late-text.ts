// Why deliveries pause while reports of failures are late, for people.

const ofAll = 'very many messages have failed, and their reports are being written';
const ofTenant = 'messages of the tenant have failed, and reports about them cannot be signed';

/** Undefined: they are late no more. */
export function lateText({
  areLate,
  tenant,
}: {
  readonly areLate: boolean;
  readonly tenant?: string | undefined;
}): string | undefined {
  if (!areLate) return undefined;
  return tenant === undefined ? ofAll : ofTenant;
}
