// Whose mail ETRN asks for (RFC 1985 5): a domain, a domain with all under it, or a queue by its name.

import { parseDomain } from './domain.ts';

/** A domain is in lower-case A-labels. */
export interface EtrnNode {
  /** `subdomains`: a domain and all under it. */
  readonly form: 'domain' | 'subdomains' | 'queue';
  readonly name: string;
}

/** A name of a queue, which is agreed on: with Sluice, the name of a route. */
const queueName = /^[\x21-\x7e]{1,64}$/;

/** Reads `example.org`, `@example.org` or `#name`; undefined when it is none of them. */
export function readEtrnNode(text: string): EtrnNode | undefined {
  const option = text[0];
  if (option === '#') {
    const name = text.slice(1);
    return queueName.test(name) ? { form: 'queue', name } : undefined;
  }
  try {
    const name = parseDomain(option === '@' ? text.slice(1) : text);
    return { form: option === '@' ? 'subdomains' : 'domain', name };
  } catch {
    return undefined;
  }
}

/** Writes a node as the command has it. */
export function formatEtrnNode({ form, name }: EtrnNode): string {
  return `${{ domain: '', subdomains: '@', queue: '#' }[form]}${name}`;
}
