// The addresses of a name in /etc/hosts (hosts(5)), as a program of this host would find them before it asks the DNS.

import { readFileSync } from 'node:fs';
import { isIP } from '../../values/ip-version.ts';

/** @returns none when the file does not have the name, or cannot be read */
export function addressesInHosts(name: string, file = '/etc/hosts'): readonly string[] {
  const wanted = name.toLowerCase();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/u, '').trim().toLowerCase().split(/\s+/u);
    return isIP(address) !== 0 && names.includes(wanted) ? [address] : [];
  });
}
