// One run of check_host() (RFC 7208 4): the record of a domain and those that it includes or redirects to, with the limits on
// look-ups that hold for all of them together (RFC 7208 4.6.4). A hostile record costs at most these look-ups:
// 10 terms, each with at most 10 hosts of an MX, and once the 10 names of the client's address.

import { confirmedNames } from '../dns/confirmed-names.ts';
import { isQueryable } from '../dns/domain-name.ts';
import type { Answer } from '../dns/types.ts';
import { isBelow } from '../values/domain.ts';
import { type ClientAddress, isNear, samePrefix } from './client-address.ts';
import { expandEnd, type MacroString, type MacroValues, usesValidatedName } from './macro-string.ts';
import { type Mechanism, isSpfRecord, parseRecord, type SpfRecord } from './parse-record.ts';
import type { SpfQuery, SpfResolver, SpfResult } from './types.ts';

/** Terms that need look-ups (RFC 7208 4.6.4). */
const maxTerms = 10;
/** Terms whose look-up found nothing (RFC 7208 4.6.4). */
const maxVoidTerms = 2;
/** Hosts of one `mx` term (RFC 7208 4.6.4). */
const maxHosts = 10;
/** RFC 7208 7.3. */
const maxNameLength = 253;

/** How a record decided. */
export interface Decision {
  readonly result: SpfResult;
  readonly reason: string;
  /** Where to look for the explanation, and the domain of the record that names it. */
  readonly explanation: { readonly target: MacroString; readonly domain: string } | undefined;
}

/** Ends the evaluation as a whole: an error in an included record is one of the record that includes it (RFC 7208 5.2). */
class EvaluationStop extends Error {
  readonly result: 'temperror' | 'permerror';

  constructor(result: 'temperror' | 'permerror', reason: string) {
    super(reason);
    this.name = 'EvaluationStop';
    this.result = result;
  }
}

/** Evaluates one query. An object serves for one call of `run`, and for the macros of the explanation after it. */
export class Evaluation {
  readonly #query: SpfQuery;
  readonly #client: ClientAddress;
  readonly #resolver: SpfResolver;
  #terms = 0;
  #voidTerms = 0;
  #validatedNames: Promise<readonly string[]> | undefined;

  constructor(query: SpfQuery, client: ClientAddress, resolver: SpfResolver) {
    this.#query = query;
    this.#client = client;
    this.#resolver = resolver;
  }

  async run(): Promise<Decision> {
    try {
      return await this.#checkHost(this.#query.domain);
    } catch (error) {
      if (!(error instanceof EvaluationStop)) throw error;
      return { result: error.result, reason: error.message, explanation: undefined };
    }
  }

  async #checkHost(domain: string): Promise<Decision> {
    const record = await this.#recordOf(domain);
    if (record === undefined) {
      return { result: 'none', reason: `${domain} has no SPF record`, explanation: undefined };
    }
    for (const { mechanism, result, text } of record.directives) {
      if (!(await this.#matches(mechanism, domain))) continue;
      const explanation =
        record.explanation === undefined ? undefined : { target: record.explanation, domain };
      return { result, reason: `"${shown(text)}" of ${domain}`, explanation };
    }
    if (record.redirect !== undefined) return this.#redirected(record.redirect, domain);
    // RFC 7208 4.7.
    return { result: 'neutral', reason: `no term of ${domain} matches`, explanation: undefined };
  }

  async #redirected(redirect: MacroString, domain: string): Promise<Decision> {
    this.#countTerm();
    const target = await this.expand(redirect, domain);
    const decision = isQueryable(target) ? await this.#checkHost(target) : undefined;
    // RFC 7208 6.1.
    if (decision === undefined || decision.result === 'none') {
      throw new EvaluationStop(
        'permerror',
        `${domain} redirects to ${shown(target)}, which has no SPF record`,
      );
    }
    return decision;
  }

  /** RFC 7208 4.4 and 4.5. */
  async #recordOf(domain: string): Promise<SpfRecord | undefined> {
    const answer = await this.#resolver.txt(domain);
    const texts = this.#recordsOf(answer, `TXT of ${domain}`).filter(isSpfRecord);
    const [text] = texts;
    if (text === undefined) return undefined;
    if (texts.length > 1) throw new EvaluationStop('permerror', `${domain} has several SPF records`);
    const parsed = parseRecord(text);
    if (parsed.kind === 'record') return parsed.record;
    throw new EvaluationStop('permerror', `SPF record of ${domain}: ${parsed.reason}`);
  }

  async #matches(mechanism: Mechanism, domain: string): Promise<boolean> {
    switch (mechanism.kind) {
      case 'all':
        return true;
      case 'ip':
        return (
          mechanism.bits === this.#client.bits &&
          samePrefix(mechanism.words, this.#client.words, mechanism.prefix)
        );
      case 'include':
        return this.#includes(mechanism.target, domain);
      case 'a': {
        const target = await this.#termTarget(mechanism.target, domain);
        return target !== undefined && this.#hasAddress(target, this.#prefixOf(mechanism));
      }
      case 'mx': {
        const target = await this.#termTarget(mechanism.target, domain);
        return target !== undefined && this.#mxHasAddress(target, this.#prefixOf(mechanism));
      }
      case 'exists': {
        // RFC 7208 5.7: an A record is asked for, whatever the client's address is.
        const target = await this.#termTarget(mechanism.target, domain);
        if (target === undefined) return false;
        return this.#countedRecordsOf(await this.#resolver.addresses(target, 4), `A of ${target}`).length > 0;
      }
      case 'ptr': {
        const target = await this.#termTarget(mechanism.target, domain);
        if (target === undefined) return false;
        const wanted = target.toLowerCase();
        return (await this.#namesOfClient()).some((name) => name === wanted || isBelow(name, wanted));
      }
    }
  }

  /** RFC 7208 5.2. */
  async #includes(target: MacroString, domain: string): Promise<boolean> {
    this.#countTerm();
    const name = await this.expand(target, domain);
    const decision = isQueryable(name) ? await this.#checkHost(name) : undefined;
    if (decision === undefined || decision.result === 'none') {
      throw new EvaluationStop('permerror', `${domain} includes ${shown(name)}, which has no SPF record`);
    }
    return decision.result === 'pass';
  }

  /** Counts a term that needs look-ups. @returns its target, or undefined when that is not a name: then nothing matches (RFC 7208 4.8) */
  async #termTarget(target: MacroString | undefined, domain: string): Promise<string | undefined> {
    this.#countTerm();
    const name = target === undefined ? domain : await this.expand(target, domain);
    return isQueryable(name) ? name : undefined;
  }

  #prefixOf({ prefix }: { readonly prefix: { readonly v4: number; readonly v6: number } }): number {
    return this.#client.family === 4 ? prefix.v4 : prefix.v6;
  }

  async #hasAddress(host: string, prefix: number): Promise<boolean> {
    const answer = await this.#resolver.addresses(host, this.#client.family);
    const addresses = this.#countedRecordsOf(answer, `addresses of ${host}`);
    return addresses.some((address) => isNear(this.#client, address, prefix));
  }

  /** RFC 7208 5.4. The hosts are asked for at once: together they are at most ten. */
  async #mxHasAddress(domain: string, prefix: number): Promise<boolean> {
    const records = this.#countedRecordsOf(await this.#resolver.mx(domain), `MX of ${domain}`);
    if (records.length > maxHosts) {
      throw new EvaluationStop('permerror', `"mx" finds more than ${maxHosts} hosts for ${domain}`);
    }
    const hosts = new Set(records.map(({ exchange }) => exchange).filter(isQueryable));
    const answers = await Promise.all(
      Array.from(hosts, (host) => this.#resolver.addresses(host, this.#client.family)),
    );
    for (const answer of answers) {
      if (answer.kind === 'found' && answer.records.some((one) => isNear(this.#client, one, prefix)))
        return true;
    }
    for (const answer of answers) this.#recordsOf(answer, `addresses of an MX host of ${domain}`);
    return false;
  }

  /** The names of the client that lead back to its address. RFC 7208 5.5: with an error of the DNS, there is none. */
  #namesOfClient(): Promise<readonly string[]> {
    // The answer is the same for all terms and macros. It counts for no limit on void look-ups: the sender's domain has no
    // say in the names of a client.
    return (this.#validatedNames ??= confirmedNames(this.#client.text, this.#resolver).then((found) =>
      found.kind === 'names' ? found.names : [],
    ));
  }

  /**
   * Expands a domain-spec; a name that is too long loses labels from its left (RFC 7208 7.3).
   * @returns a text that need not be a name
   */
  async expand(target: MacroString, domain: string): Promise<string> {
    // One character more, for a final dot.
    let name = expandEnd(target, await this.macroValues(target, domain), maxNameLength + 1);
    if (name.length > 1 && name.endsWith('.')) name = name.slice(0, -1);
    if (name.length <= maxNameLength) return name;
    const dot = name.indexOf('.', name.length - maxNameLength - 1);
    return dot === -1 ? '' : name.slice(dot + 1);
  }

  /**
   * The values of macros (RFC 7208 7.2).
   * @param parts - the text that will be expanded: `p` is looked up only if it is used
   * @param domain - of the record in which the text is named
   */
  async macroValues(parts: MacroString, domain: string): Promise<MacroValues> {
    const { localPart, domain: senderDomain, helo, receiver, nowSeconds } = this.#query;
    return {
      s: `${localPart}@${senderDomain}`,
      l: localPart,
      o: senderDomain,
      d: domain,
      i: this.#client.dotted,
      p: usesValidatedName(parts) ? await this.#validatedName(domain) : '',
      v: this.#client.family === 4 ? 'in-addr' : 'ip6',
      h: helo,
      c: this.#client.text,
      r: receiver,
      t: String(Math.floor(nowSeconds)),
    };
  }

  /** RFC 7208 7.3: the domain itself, else a name below it, else any. */
  async #validatedName(domain: string): Promise<string> {
    const names = await this.#namesOfClient();
    const wanted = domain.toLowerCase();
    return (
      names.find((name) => name === wanted) ??
      names.find((name) => isBelow(name, wanted)) ??
      names[0] ??
      'unknown'
    );
  }

  #countTerm(): void {
    if (++this.#terms > maxTerms) {
      throw new EvaluationStop(
        'permerror',
        `the SPF record of ${this.#query.domain} needs more than ${maxTerms} look-ups`,
      );
    }
  }

  /** The records of an answer, which counts for the limit on terms that find nothing. */
  #countedRecordsOf<T>(answer: Answer<T>, asked: string): readonly T[] {
    const records = this.#recordsOf(answer, asked);
    if (records.length === 0 && ++this.#voidTerms > maxVoidTerms) {
      throw new EvaluationStop(
        'permerror',
        `more than ${maxVoidTerms} terms of the SPF record of ${this.#query.domain} find nothing in the DNS`,
      );
    }
    return records;
  }

  #recordsOf<T>(answer: Answer<T>, asked: string): readonly T[] {
    switch (answer.kind) {
      case 'found':
        return answer.records;
      case 'nodata':
      case 'nxdomain':
        return [];
      case 'failed':
        // RFC 7208 2.6.6.
        throw new EvaluationStop('temperror', `${asked}: ${answer.reason}`);
    }
  }
}

/** A text of the record for people: bounded. */
function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
