// Operators' overrides as text for the log.

import { formatQuantities, type Override } from '../control/override.ts';

export function changeText({ kind, target, quantities, reason, untilMs, by }: Override): string {
  const what =
    kind === 'suspend'
      ? `suspended ${target}`
      : `set ${formatQuantities(quantities).join(' ')} for ${target}`;
  const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  return `${by === '' ? '' : `(${by}) `}${what}${until}${reason === '' ? '' : `: ${reason}`}`;
}

export function endText(kind: Override['kind']): string {
  return kind === 'suspend' ? 'resumed' : 'took back the limits set for';
}
