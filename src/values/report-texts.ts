// The texts of reports for people, in one language, and the names that they may have in them.

/** One language's texts, by key. Names in braces are filled in: see `variables`. */
export type ReportTexts = Readonly<Record<TextKey, string>> & {
  /** Language tag (RFC 5646) of the texts, for Content-Language. */
  readonly language: string;
};

/** Texts of the administrator; what they leave out is as in the same language of Sluice, or in English. */
export interface OwnTexts {
  /** Lower case. */
  readonly language: string;
  /** Undefined: for the mail of all. */
  readonly tenant?: string | undefined;
  readonly texts: Readonly<Partial<Record<TextKey, string>>>;
}

/** What may stand in braces in each text. */
const everywhere = ['hostname', 'queue_id', 'arrival', 'sender'] as const;

/** The keys of texts with the names that may stand in them, beside those that may stand in all. */
export const textKeys = {
  subject_failed: [],
  subject_delayed: [],
  subject_relayed: [],
  subject_expanded: [],
  subject_delivered: [],
  greeting: [],
  failed: [],
  delayed: [],
  relayed: [],
  expanded: [],
  delivered: [],
  server: ['host'],
  unnamed_server: [],
  reason: [],
  refused_connection: ['server'],
  refused_sender: ['server'],
  refused_recipient: ['server'],
  refused_message: ['server'],
  answered_connection: ['server'],
  answered_sender: ['server'],
  answered_recipient: ['server'],
  answered_message: ['server'],
  retry_until: ['date'],
  arrived: [],
  attached: [],
  closing: [],
  quota_subject: ['address', 'percent', 'used', 'quota'],
  quota_warning: ['address', 'percent', 'used', 'quota'],
  advice: [],
  advice_1: [],
  advice_1_10: [],
  advice_2: [],
  advice_2_2: [],
  advice_3: [],
  advice_3_4: [],
  advice_4: [],
  advice_4_6: [],
  advice_4_7: [],
  advice_5: [],
  advice_6: [],
  advice_6_7: [],
  advice_7: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type TextKey = keyof typeof textKeys;

const named = /\{([a-z_]+)\}/gu;

/** The names that may stand in braces in a text. */
export function variablesOf(key: TextKey): readonly string[] {
  return [...textKeys[key], ...everywhere];
}

/** The first name in braces that does not exist for this text; undefined: all do. */
export function unknownVariable(key: TextKey, text: string): string | undefined {
  const known = variablesOf(key);
  for (const [, name = ''] of text.matchAll(named)) if (!known.includes(name)) return name;
  return undefined;
}

/** Fills in the names in braces; what a value has in braces is left as it is. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(named, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : whole,
  );
}
