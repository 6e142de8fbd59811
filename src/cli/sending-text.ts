// Sending limits as people read them: a row for each, with what is used and when more is taken.

import type { ShownSendingUse } from '../control/operations/sending.ts';
import { allowedText } from '../policy/sending/sending-text.ts';
import { age, table } from './text-table.ts';

export function usesTable(uses: readonly ShownSendingUse[], nowMs: number): string {
  const rows = uses.map((use) => [
    `${use.by}:${use.key}`,
    usedText(use),
    allowedText(use.quantity, use.rate),
    use.freeAt === undefined ? 'now' : `in ${age(Math.max(1_000, use.freeAt - nowMs))}`,
    use.beyond === 'pace' ? 'waits' : 'is refused',
    use.origin,
  ]);
  return table(['OF', 'USED', 'ALLOWED', 'ONE MORE', 'BEYOND IT, MAIL', 'SET BY'], rows);
}

function usedText({ used, ahead }: ShownSendingUse): string {
  return ahead === 0 ? String(used) : `${used}, ${ahead} to come`;
}
