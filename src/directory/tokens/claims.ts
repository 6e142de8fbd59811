// What an issuer says in a token, or about one, and whether it is enough: for whom, by which scopes, as whom. The claims of a JWT (RFC 7519 4.1) and
// the answer to an introspection (RFC 7662 2.2) have the same names.

/** The claims of a token whose issuer is certain. */
export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimRules {
  readonly issuer: string;
  /** Empty: any. */
  readonly audience: readonly string[];
  readonly claim: string;
  readonly scopes: readonly string[];
}

export type Named =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'invalid'; readonly reason: string };

/** RFC 5321 4.5.3.1.3: an address has no more. */
const longestName = 320;

/** Finds whom a token names. Its times are not looked at. */
export function whomClaimsName(claims: Claims, rules: ClaimRules): Named {
  const missing = rules.scopes.filter((scope) => !scopesOf(claims).has(scope));
  if (missing.length > 0) return invalid(`the token does not have the scope ${missing.join(' ')}`);
  if (rules.audience.length > 0 && !audienceOf(claims).some((each) => rules.audience.includes(each)))
    return invalid('the token is not meant for this service (aud)');
  // An issuer at which everybody may register says so of addresses that nobody has confirmed (OpenID Connect Core 5.1).
  const isDenied = claims['email_verified'] === false || claims['email_verified'] === 'false';
  if (rules.claim === 'email' && isDenied)
    return invalid('the issuer has not verified the address (email_verified)');
  const name = claims[rules.claim];
  if (typeof name !== 'string' || name === '' || name.length > longestName || /\p{Cc}/u.test(name))
    return invalid(`the token has no usable claim "${rules.claim}"`);
  return { kind: 'named', name };
}

/** `scope` is a text (RFC 8693 4.2); Microsoft has `scp`, and others a list. */
function scopesOf(claims: Claims): ReadonlySet<unknown> {
  const all = [claims['scope'], claims['scp']].flatMap((given): readonly unknown[] => {
    if (typeof given === 'string') return given.split(' ');
    return Array.isArray(given) ? given : [];
  });
  return new Set(all);
}

function audienceOf({ aud }: Claims): readonly string[] {
  return [aud].flat().filter((each) => typeof each === 'string');
}

function invalid(reason: string): Named {
  return { kind: 'invalid', reason };
}
