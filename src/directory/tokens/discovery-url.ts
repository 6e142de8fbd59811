// Where an issuer says what it offers (OpenID Connect Discovery 4.1): the path is put behind that of the issuer.

export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`;
}
