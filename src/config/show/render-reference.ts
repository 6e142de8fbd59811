// Writes the reference page of the configuration (docs/configuration.md) and the JSON Schema, both from the schema.

import { z } from 'zod';

import { describeConfig, type KeyDescription, type TableDescription } from './describe.ts';
import { root } from '../schema/root.ts';

const introduction = `# Configuration

<!-- Generated from the schema by \`npm run docs\`; change src/config/schema instead. -->

Sluice reads a [TOML](https://toml.io) file. It is looked for in this order: \`--config FILE\`, the environment
variable \`SLUICE_CONFIG\`, \`./sluice.toml\`, \`/etc/sluice/sluice.toml\`. Without a file Sluice runs with the defaults below:
on the loopback address, with its spool in \`./var\`.

Beside \`sluice.toml\` there may be a folder \`conf.d\` with fragments, such as \`conf.d/10-limits.toml\` (beside \`NAME.toml\`, the folder is \`NAME.d\`):

- All files \`*.toml\` there are read in the order of their names by bytes (\`LC_ALL=C ls\`), after the file itself. Names that begin with a dot are left out, and so are folders inside.
- Tables are merged; lists of tables, such as \`[[limit]]\`, are appended in this order. Where the first that matches counts, the order of the files decides.
- A key that two files give is an error that names both. So no file can silently replace what another one says.
- Every error and warning names its file. A relative path starts at the folder of \`sluice.toml\` in all of them. A reload reads all of them again.

- \`sluice check\` says whether the file is valid, and if not, lists all problems, each with its line and column.
- \`sluice config show\` prints what is in force, \`sluice config show --defaults\` every key with its default and meaning.
- \`sluice reload\` (or SIGHUP) applies a changed file without dropping a session. An invalid file is refused, and the old
  configuration stays in force.
- \`sluice config show --json-schema\` prints a JSON Schema, so that an editor can complete and check the file; it is also
  in [sluice.schema.json](sluice.schema.json).

An unknown key is an error, so that a misspelt one does not go unnoticed.

## Values

| kind | how it is written |
|---|---|
| duration | a number and a unit: \`"100ms"\`, \`"30s"\`, \`"5m"\`, \`"4h"\`, \`"5d"\`, \`"1w"\`; or several: \`"1h30m"\` |
| size | a number and a unit: \`"64KiB"\`, \`"25MiB"\`, \`"1GiB"\` by 1024, \`"25MB"\` by 1000, \`"512B"\` |
| rate | \`"600/min"\`; per \`sec\`, \`min\`, \`hour\` or \`day\` |
| address and port | \`"127.0.0.1:2525"\`, \`"[::1]:2525"\` |
| host | \`"relay.example.net"\`, \`"relay.example.net:2525"\`, \`"192.0.2.1"\`, \`"[2001:db8::1]:25"\` |
| mailbox server | \`"unix:/run/dovecot/lmtp"\`, \`"127.0.0.1:24"\`, \`"mailbox.example.net"\` |
| network | \`"192.0.2.0/24"\`, \`"2001:db8::/32"\`, or one address |
| domain | \`"example.com"\`, or \`"*.example.com"\` for every domain under it (not itself); letters outside ASCII may be written as they are |

A relative path starts at the folder of the configuration file.
`;

/** docs/configuration.md. */
export function renderReference(): string {
  return `${introduction}\n${describeConfig().map(renderTable).join('\n')}`;
}

/** The JSON Schema of the file, as an object. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(root, { io: 'input' });
  return { ...schema, title: 'Sluice configuration' };
}

function renderTable(table: TableDescription): string {
  const heading =
    table.path === '' ? 'Top of the file' : `\`${table.isList ? `[[${table.path}]]` : `[${table.path}]`}\``;
  const description = table.description === '' ? '' : `${table.description}\n\n`;
  const rows = table.keys.map(renderRow).join('\n');
  return `## ${heading}\n\n${description}| key | value | default | meaning |\n|---|---|---|---|\n${rows}\n`;
}

function renderRow(key: KeyDescription): string {
  const type = key.type.replace(/ such as .*$/, '');
  const fallback = key.defaultToml === undefined ? key.defaultText || '–' : `\`${key.defaultToml}\``;
  const example = key.example === '' ? '' : ` Example: \`${key.example}\``;
  // In Markdown, a star outside of code begins emphasis.
  const meaning = key.description.replaceAll(/"(\*(?:\.\S+?)?)"/g, '`$1`');
  const cells = [`\`${key.name}\``, type, fallback, `${meaning}${example}`];
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
