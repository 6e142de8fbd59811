// What keys about PostgreSQL have in common, wherever they stand.

import { ValueError } from '../../values/value-error.ts';

/** @throws {ValueError} A password in it would be shown by `sluice config show`. */
export function postgresqlConnection(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:'))
    throw new ValueError(`is no connection; write one such as "postgresql://sluice@127.0.0.1:5432/mail"`);
  if (url.password !== '' || url.searchParams.has('password'))
    throw new ValueError(
      'has a password in it: write that into a file of its own, and name it by password_file',
    );
  return text;
}

/** What is wrong with a query; undefined: nothing that can be seen here. */
export function postgresqlQueryProblem(query: string): string | undefined {
  return /\$1(?!\d)/u.test(query) && !/\$(?:[02-9]|1\d)/u.test(query)
    ? undefined
    : 'must have one parameter, the key, written as $1';
}
