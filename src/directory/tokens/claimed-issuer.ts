// Whose token a token says to be, before anybody has checked it: that decides who is asked, and nothing else.

/** Three parts in base64url with dots between them (RFC 7515 7.1). */
const jwt = /^[\w-]+\.([\w-]+)\.[\w-]+$/u;

/** @returns `iss` (RFC 7519 4.1.1); undefined when the token is no JWT, or names no issuer */
export function claimedIssuer(token: string): string | undefined {
  const payload = jwt.exec(token)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const isNamed = typeof claims === 'object' && claims !== null && 'iss' in claims;
    return isNamed && typeof claims.iss === 'string' ? claims.iss : undefined;
  } catch {
    return undefined;
  }
}
