// How tcpserver(1) finds a rule, word by word after its manual page: a model that is slow and easy to read. And rules at random.

import { below, pick, type Random } from '../../../sim/disk/random.ts';

/** A rule as tcprules(1) stores it. */
export interface StoredRule {
  readonly address: string;
  readonly instructions: string;
}

/** The first rule that tcpserver finds; undefined when there is none. */
export function modelFind(rules: readonly StoredRule[], ip: string, host: string): StoredRule | undefined {
  const at = (address: string) => rules.find((rule) => rule.address === address);
  const tries = [ip];
  if (host !== '') tries.push(`=${host}`);
  for (let length = ip.length; length > 0; length--)
    if (ip[length - 1] === '.') tries.push(ip.slice(0, length));
  if (host !== '') {
    for (let start = 0; start < host.length; start++)
      if (host[start] === '.') tries.push(`=${host.slice(start)}`);
    tries.push('=');
  }
  tries.push('');
  for (const address of tries) {
    const found = at(address);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a range stands for. */
export function expanded({ address, instructions }: StoredRule): StoredRule[] {
  const range = /^(.*?)(\d+)-(\d+)(\.?.*)$/u.exec(address);
  if (range === null || address.startsWith('=')) return [{ address, instructions }];
  const all: StoredRule[] = [];
  for (let octet = Number(range[2]); octet <= Math.min(255, Number(range[3])); octet++)
    all.push({ address: `${range[1]}${octet}${range[4]}`, instructions });
  return all;
}

const labels = ['a', 'b', 'mail', 'example', 'test'];

/** From so few octets that rules and clients meet. */
function octet(random: Random): number {
  return pick(random, [0, 1, 2, 10, 99, 100, 255]);
}

export function randomIp(random: Random): string {
  return [octet(random), octet(random), octet(random), octet(random)].join('.');
}

export function randomHost(random: Random): string {
  return Array.from({ length: 1 + below(random, 4) }, () => pick(random, labels)).join('.');
}

export function randomAddress(random: Random): string {
  switch (below(random, 8)) {
    case 0:
      return '';
    case 1:
      return '=';
    case 2:
      return `=${randomHost(random)}`;
    case 3:
      return `=.${randomHost(random)}`;
    case 4:
      return randomIp(random);
    case 5: {
      const first = 1 + below(random, 260);
      return `${octet(random)}.${first}-${first + below(random, 5) - 1}${pick(random, ['', '.', `.${octet(random)}.`])}`;
    }
    default:
      return `${randomIp(random)
        .split('.')
        .slice(0, 1 + below(random, 3))
        .join('.')}.`;
  }
}

/** @param serial - is the value of a variable, which tells rules apart */
export function randomRule(random: Random, serial: number): StoredRule {
  const mark = pick(random, ['"', '/', 'x']);
  const more = pick(random, [
    '',
    `,B=${mark}two words${mark}`,
    `,RELAYCLIENT=${mark}${mark}`,
    `,DATABYTES=${mark}1000${mark}`,
  ]);
  const word = pick(random, ['allow', 'allow', 'deny']);
  return { address: randomAddress(random), instructions: `${word},A="${serial}"${more}` };
}
