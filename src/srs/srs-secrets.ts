// The secrets of SRS: one on each line of a file. The first signs, all of them are good for addresses that come back.

/** The secrets in force, or why there are none. */
export type GivenSrsSecrets =
  | { readonly kind: 'secrets'; readonly secrets: readonly string[] }
  /** @param reason - a clause about the file */
  | { readonly kind: 'missing'; readonly reason: string };

/** More are of no use: addresses expire, and with them the secrets of before. Each costs a hash for every wrong address. */
export const mostSecrets = 16;
const mostCharacters = 1_000;
/** Below, a secret can be guessed from one address: 16 characters of base64 have 96 bits. */
export const leastSecretCharacters = 16;

/** Reads the text of a secret file. Lines that are empty or begin with `#` are left out. */
export function parseSrsSecrets(text: string): GivenSrsSecrets {
  const secrets = text
    .split(/\r?\n/u)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (secrets.length === 0) return missing('it has no secret');
  if (secrets.length > mostSecrets) return missing(`it has more than ${mostSecrets} secrets`);
  if (secrets.some((secret) => secret.length > mostCharacters))
    return missing(`it has a secret of more than ${mostCharacters} characters`);
  if (new Set(secrets).size < secrets.length) return missing('it has the same secret twice');
  return { kind: 'secrets', secrets };
}

function missing(reason: string): GivenSrsSecrets {
  return { kind: 'missing', reason };
}
