// Whose mail an ETRN means, of the domains whose backup MX this server is (RFC 1985 5).

import type { Config } from '../../config/config.ts';
import type { BackupConfig } from '../../config/route-config.ts';
import type { EtrnNode } from '../../values/etrn-node.ts';
import type { DomainTable } from '../../values/domain-table.ts';
import { isBelow } from '../../values/domain.ts';

/** @returns which domains are meant; undefined when this server takes no ETRN for any of them */
export function domainsOfNode(
  { form, name }: EtrnNode,
  routes: Config['route'],
  domains: DomainTable<BackupConfig>,
): ((domain: string) => boolean) | undefined {
  const takesEtrn = (domain: string): boolean => domains.mostSpecific(domain)?.etrn === true;
  switch (form) {
    case 'domain':
      return takesEtrn(name) ? (domain) => domain === name : undefined;
    case 'subdomains': {
      const isUnder = (domain: string): boolean => domain === name || isBelow(domain, name);
      const isAny =
        takesEtrn(name) ||
        routes.some(
          ({ backup, domain }) => backup?.etrn === true && domain.some((each) => isUnder(each.domain)),
        );
      return isAny ? (domain) => isUnder(domain) && takesEtrn(domain) : undefined;
    }
    case 'queue': {
      const route = routes.find((each) => each.name === name && each.backup?.etrn === true);
      return route && ((domain) => domains.mostSpecific(domain) === route.backup);
    }
  }
}
