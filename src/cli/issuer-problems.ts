// What is wrong with the issuers of tokens now, for `sluice check`.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';

/** Asks every issuer for its keys once. */
export async function issuerProblems({
  tokenIssuer,
  login,
  listen,
  receive,
}: Config): Promise<ConfigWarning[]> {
  if (tokenIssuer.length === 0) return [];
  // With the library for tokens, which no other configuration needs.
  const { examineIssuer } = await import('../directory/tokens/examine-issuer.ts');
  const found = tokenIssuer.map(async (settings, index) =>
    (await examineIssuer(settings)).map(({ key, problem }) => ({
      path: ['token_issuer', index, key],
      message: problem,
    })),
  );
  const hasLogIns = [receive.auth, ...listen.map((each) => each.receive.auth)].some(
    (auth) => auth !== undefined && auth !== 'none',
  );
  const isOffered = login.mechanisms.includes('OAUTHBEARER') || login.mechanisms.includes('XOAUTH2');
  const unused: ConfigWarning[] =
    hasLogIns && isOffered
      ? []
      : [
          {
            path: ['token_issuer', 0],
            message: hasLogIns
              ? 'mechanisms of [login] has neither OAUTHBEARER nor XOAUTH2, so no token is taken'
              : 'no listener lets users log in, so no token is taken: set auth of a [[listen]]',
          },
        ];
  return [...(await Promise.all(found)).flat(), ...unused];
}
