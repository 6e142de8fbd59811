// How long mail of a queue lives, from a number that may have no unit: 1440 is seconds to qmail, and 24 hours in the comment beside it. Pure.

export const lifetimeUnits = ['seconds', 'minutes', 'hours', 'days'] as const;
export type LifetimeUnit = (typeof lifetimeUnits)[number];

const letters: Readonly<Record<LifetimeUnit, string>> = { seconds: 's', minutes: 'm', hours: 'h', days: 'd' };

/** @returns as in the configuration: `24h`; undefined: it has to be asked which unit is meant */
export function lifetimeText(written: string, unit: LifetimeUnit | undefined): string | undefined {
  const text = written.replaceAll(/\s+/gu, '');
  if (/[a-z]$/u.test(text)) return text;
  return unit === undefined ? undefined : `${text}${letters[unit]}`;
}

/** `1440 seconds are 24 minutes, 1440 minutes are 24 hours.` */
export function lifetimeQuestion(written: string): string {
  const number = Number(written);
  const sixtieth = Math.round(number / 6) / 10;
  return `${number} seconds, as qmail reads it, are ${sixtieth} minutes; ${number} minutes are ${sixtieth} hours`;
}
