// A diversion: mail that comes in and meets its conditions goes to another queue, until a time or until it is ended. Plain data, which passes
// over the control socket and is kept in the spool.

/** As an operator writes them. All that are given must hold; of a list, one entry. Without any, all mail meets them. */
export interface DiversionConditions {
  /** Of the recipients: `example.com`, `*.example.com`. */
  readonly domain?: readonly string[] | undefined;
  /** Names; '' is mail of no tenant. */
  readonly tenant?: readonly string[] | undefined;
  /** `joe@example.com`, `example.com` or `<>`. */
  readonly sender?: readonly string[] | undefined;
  /** Addresses or networks. */
  readonly client?: readonly string[] | undefined;
  /** `joe@example.com`, or `@example.com` for all of a domain. */
  readonly user?: readonly string[] | undefined;
  /** As of an [[assignment]]: `rspamd.verdict=spam`. */
  readonly results?: readonly string[] | undefined;
  /** As of an [[assignment]]: `Subject: *invoice*`. */
  readonly header?: readonly string[] | undefined;
}

export const conditionNames = [
  'domain',
  'tenant',
  'sender',
  'client',
  'user',
  'results',
  'header',
] as const satisfies readonly (keyof DiversionConditions)[];

export interface Diversion {
  /** Never used twice in one spool. */
  readonly id: string;
  /** The name of the queue that gets the mail. */
  readonly queue: string;
  readonly conditions: DiversionConditions;
  readonly reason: string;
  /** Unix ms. */
  readonly setAtMs: number;
  /** Unix ms; undefined: until it is ended. */
  readonly untilMs?: number | undefined;
  /** The user of this host who set it; empty: not known, or a rule. */
  readonly by: string;
  /** The name of the [[diversion]] that set it; undefined: an operator did. */
  readonly rule?: string | undefined;
}

/** `domain=example.com client=192.0.2.0/24`, in a fixed order; `all mail` without conditions. */
export function conditionsText(conditions: DiversionConditions): string {
  const texts = conditionNames.flatMap((name) => {
    const values = conditions[name];
    if (values === undefined) return [];
    const shown = values.map((value) =>
      value === '' || /[\s,]/u.test(value) ? JSON.stringify(value) : value,
    );
    return [`${name}=${shown.join(',')}`];
  });
  return texts.length === 0 ? 'all mail' : texts.join(' ');
}
