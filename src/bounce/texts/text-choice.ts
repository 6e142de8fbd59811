// Chooses the texts of a report: by the languages of the original, if that is asked for, by the tenant, and by the configuration. Texts
// of the administrator come before those of Sluice in the same language, and those for the tenant before those for all.

import { headerFields } from '../../message/header-fields.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import type { OwnTexts, ReportTexts } from '../../values/report-texts.ts';

export interface TextChoiceOptions {
  readonly own: readonly OwnTexts[];
  /** For mail of tenants without a language of their own. */
  readonly language: string;
  /** By the tenant's name. */
  readonly tenants: ReadonlyMap<string, string>;
  /** The languages of the original come first. */
  readonly followsOriginal: boolean;
}

export const builtInTexts: ReadonlyMap<string, ReportTexts> = new Map(
  [english, german, french].map((texts) => [texts.language, texts]),
);

/** More languages of one message are not looked at. */
const mostLanguages = 10;

export class TextChoice {
  readonly #options: TextChoiceOptions;
  /** By tenant, a blank and language; for all: with an empty tenant. */
  readonly #own = new Map<string, ReportTexts>();

  constructor(options: TextChoiceOptions) {
    this.#options = options;
    const forAll = options.own.filter(({ tenant }) => tenant === undefined);
    const forTenants = options.own.filter(({ tenant }) => tenant !== undefined);
    for (const { language, tenant = '', texts } of [...forAll, ...forTenants]) {
      const base = this.#own.get(` ${language}`) ?? builtInTexts.get(primary(language)) ?? english;
      this.#own.set(`${tenant} ${language}`, { ...base, ...texts, language });
    }
  }

  /** @param original - of which the header is looked at, if need be */
  textsFor(tenant: string, original: readonly Uint8Array[]): ReportTexts {
    const { language, tenants, followsOriginal } = this.#options;
    if (followsOriginal) {
      for (const each of languagesOf(original)) {
        const found = this.#find(tenant, each);
        if (found !== undefined) return found;
      }
    }
    return this.#find(tenant, tenants.get(tenant) ?? language) ?? this.#find(tenant, language) ?? english;
  }

  /** The texts in a language, or in the language without its region (RFC 4647 3.4). */
  #find(tenant: string, language: string): ReportTexts | undefined {
    for (const tag of new Set([language, primary(language)])) {
      const found = this.#own.get(`${tenant} ${tag}`) ?? this.#own.get(` ${tag}`) ?? builtInTexts.get(tag);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function primary(language: string): string {
  return language.split('-', 1)[0] ?? '';
}

/** The languages of Content-Language and Accept-Language (RFC 3282 2 and 3), the most wanted first, in lower case. */
export function languagesOf(message: readonly Uint8Array[]): string[] {
  const bytes = message.length === 1 ? (message[0] as Uint8Array) : Buffer.concat(message);
  const found: Record<string, string> = {};
  for (const { name, valueStart, end } of headerFields(bytes)) {
    if (name !== 'content-language' && name !== 'accept-language') continue;
    found[name] ??= Buffer.from(bytes.subarray(valueStart, end)).toString('latin1');
  }
  const wanted = (found['accept-language'] ?? '').split(',').map((item, index) => {
    const [tag = '', ...parameters] = item.split(';');
    const quality = parameters
      .map((text) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/iu.exec(text)?.[1])
      .find(Boolean);
    return { tag, quality: Number(quality ?? 1), index };
  });
  const accepted = wanted
    .filter(({ quality }) => quality > 0)
    .toSorted((one, other) => other.quality - one.quality || one.index - other.index)
    .map(({ tag }) => tag);
  // What the sender wants to read comes before what the message is written in.
  return [...accepted, ...(found['content-language'] ?? '').split(',')]
    .map((tag) =>
      tag
        .replaceAll(/\([^()]*\)/gu, '')
        .trim()
        .toLowerCase(),
    )
    .filter((tag) => /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/u.test(tag))
    .slice(0, mostLanguages);
}
