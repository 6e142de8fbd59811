// The DNS of a plugin under test: a table of the test.

import type { PluginDns } from '../types.ts';

/** What there is of a name, or of an IP address for `ptr`. `failing`: nobody can tell now. */
export type DnsAnswers =
  | {
      readonly a?: readonly string[];
      readonly aaaa?: readonly string[];
      readonly txt?: readonly string[];
      /** Hosts, the preferred first. */
      readonly mx?: readonly string[];
      readonly ptr?: readonly string[];
    }
  | 'failing';

/** Names in lower case without a final dot, and what there is of them. It is read at each question. Other names do not exist. */
export type FakeDnsTable = Readonly<Record<string, DnsAnswers>>;

export function fakeDns(table: FakeDnsTable): PluginDns {
  const records = (name: string, kind: keyof Exclude<DnsAnswers, string>): Promise<readonly string[]> => {
    const key = name.toLowerCase().replace(/\.$/u, '');
    const answers = Object.hasOwn(table, key) ? table[key] : undefined;
    if (answers === 'failing') return Promise.reject(new Error(`${key} cannot be looked up now`));
    return Promise.resolve(answers?.[kind] ?? []);
  };
  return {
    a: (host) => records(host, 'a'),
    aaaa: (host) => records(host, 'aaaa'),
    txt: (name) => records(name, 'txt'),
    ptr: (address) => records(address, 'ptr'),
    mx: async (domain) => {
      const hosts = await records(domain, 'mx');
      return hosts.map((exchange, at) => ({ preference: 10 * (at + 1), exchange }));
    },
  };
}
