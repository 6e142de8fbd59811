// The manual page sluice.toml(5): every table and key of the configuration, from its schema.

import { describeConfig, type KeyDescription, type TableDescription } from '../../config/show/describe.ts';
import { quoted, sentences, title } from './roff.ts';

const values: readonly (readonly [kind: string, meaning: string])[] = [
  ['duration', 'A number and a unit: "100ms", "30s", "5m", "4h", "5d", "1w"; or several: "1h30m".'],
  ['size', 'A number and a unit: "64KiB", "25MiB", "1GiB" by 1024, "25MB" by 1000, "512B".'],
  ['rate', '"600/min"; per sec, min, hour or day.'],
  ['address and port', '"127.0.0.1:2525", "[::1]:2525".'],
  ['network', '"192.0.2.0/24", "2001:db8::/32", or one address.'],
  ['domain', '"example.com", or "*.example.com" for every domain under it, not itself.'],
];

/** @param date - of the page, Unix ms */
export function configPage(version: string, date: number): string {
  return [
    title('SLUICE.TOML', '5', version, date),
    '.SH NAME\nsluice.toml \\- configuration of the mail transfer agent Sluice\n',
    '.SH DESCRIPTION\nThe configuration is a file in TOML.\n.B sluice check\nlists every problem of it,\n.B sluice config show\nprints what is in force, and\n.B sluice reload\nputs a changed file in force.\nAn unknown key is an error.\nA relative path starts at the folder of the file.\n',
    '.SH VALUES\n',
    values.map(([kind, meaning]) => `.TP\n.I ${kind}\n${sentences(meaning)}\n`).join(''),
    '.SH KEYS\n',
    describeConfig().map(tableText).join(''),
    '.SH FILES\n.TP\n.I /etc/sluice/sluice.toml\nWhere it is looked for at last.\n',
    '.SH SEE ALSO\n.BR sluice (8)\n',
  ].join('');
}

function tableText({ path, isList, description, keys }: TableDescription): string {
  const name = path === '' ? 'Top of the file' : isList ? `[[${path}]]` : `[${path}]`;
  const about = description === '' ? '' : `${sentences(description)}\n`;
  return `.SS ${quoted(name)}\n${about}${keys.map(keyText).join('')}`;
}

function keyText({ name, type, description, defaultToml, defaultText, example }: KeyDescription): string {
  const fallback = defaultToml ?? defaultText;
  const notes = [
    fallback === '' ? '' : ` Default: ${fallback}.`,
    example === '' ? '' : ` Example: ${example}.`,
  ];
  return `.TP\n.BR ${quoted(name)} ${quoted(` (${type})`)}\n${sentences(`${description}${notes.join('')}`)}\n`;
}
