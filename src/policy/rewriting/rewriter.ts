// Rewrites addresses of one class by the rules that are for it, in the order of the configuration.

import type { AddressClass } from '../../values/address-classes.ts';
import type { Asking } from './asking.ts';
import { type Canonical, canonicalAddresses } from './canonical.ts';
import { type Masquerade, masqueraded } from './masquerade.ts';
import { RewritingError } from './rewriting-error.ts';

/** The message that addresses are of. */
export interface MessageOfAddresses {
  /** Whose mail it is; empty for none. */
  readonly tenant: string;
  /** Whether it may have addresses that are not ASCII (RFC 6531). */
  readonly smtpUtf8: boolean;
}

/** One [[rewrite]]. */
export interface RewriteRule {
  readonly of: ReadonlySet<AddressClass>;
  /** Whose mail; undefined: any. */
  readonly tenants: ReadonlySet<string> | undefined;
  readonly change:
    | ({ readonly kind: 'canonical' } & Canonical)
    | ({ readonly kind: 'masquerade' } & Masquerade);
}

const nonAscii = /[^\0-\x7f]/u;

export class Rewriter {
  readonly #rules: readonly RewriteRule[];
  readonly #hostname: string;

  /** @param hostname - completes addresses without a domain */
  constructor(rules: readonly RewriteRule[], hostname: string) {
    this.#rules = rules;
    this.#hostname = hostname;
  }

  /** Is there a rule for addresses of this class? */
  has(of: AddressClass): boolean {
    return this.#rules.some((rule) => rule.of.has(of));
  }

  /** Is there one for the mail of this tenant? @param tenant - empty for none */
  isFor(of: AddressClass, tenant: string): boolean {
    return this.#rulesFor(of, tenant).length > 0;
  }

  /**
   * @param addresses - without brackets, none of them empty
   * @returns what each has become; an address that no rule changes is the same as it was given, also without a domain
   * @throws {RewritingError} when an address becomes none that the message may have
   * @throws {TableFailure} when a table cannot tell
   */
  *rewrite(
    addresses: readonly string[],
    of: AddressClass,
    { tenant, smtpUtf8 }: MessageOfAddresses,
  ): Asking<readonly string[]> {
    const complete = addresses.map((each) => (each.includes('@') ? each : `${each}@${this.#hostname}`));
    let now: readonly string[] = complete;
    for (const { change } of this.#rulesFor(of, tenant)) {
      now =
        change.kind === 'canonical'
          ? yield* canonicalAddresses(now, change)
          : now.map((each) => masqueraded(each, change));
    }
    return now.map((each, index) => {
      const given = addresses[index] as string;
      if (each === complete[index]) return given;
      if (!smtpUtf8 && nonAscii.test(each) && !nonAscii.test(given))
        throw new RewritingError(
          `${JSON.stringify(given.slice(0, 200))} is rewritten to ${JSON.stringify(each.slice(0, 200))}, which needs SMTPUTF8, and the client has not asked for it`,
        );
      return each;
    });
  }

  #rulesFor(of: AddressClass, tenant: string): readonly RewriteRule[] {
    return this.#rules.filter((rule) => rule.of.has(of) && (rule.tenants?.has(tenant) ?? true));
  }
}
