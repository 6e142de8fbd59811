// Writes the manual pages sluice(8) and sluice.toml(5), and the completion for shells, to a folder: `npm run man`. They come from the commands
// and from the schema of the configuration. SOURCE_DATE_EPOCH sets their date, for builds that can be repeated.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../src/cli/main.ts';
import { bashCompletion } from '../src/cli/manual/bash-completion.ts';
import { commandsPage } from '../src/cli/manual/commands-page.ts';
import { describeCommand } from '../src/cli/manual/command-doc.ts';
import { configPage } from '../src/cli/manual/config-page.ts';
import { fishCompletion } from '../src/cli/manual/fish-completion.ts';
import { zshCompletion } from '../src/cli/manual/zsh-completion.ts';
import { version } from '../src/config/version.ts';

const folder = process.argv[2] ?? join(import.meta.dirname, '../man');
const epoch = process.env['SOURCE_DATE_EPOCH'];
const date = epoch === undefined ? Date.now() : Number(epoch) * 1000;
const all = describeCommand(await commands());
mkdirSync(join(folder, 'completion'), { recursive: true });
writeFileSync(join(folder, 'sluice.8'), commandsPage(all, version, date));
writeFileSync(join(folder, 'completion/sluice'), bashCompletion(all));
writeFileSync(join(folder, 'completion/_sluice'), zshCompletion(all));
writeFileSync(join(folder, 'completion/sluice.fish'), fishCompletion(all));
writeFileSync(join(folder, 'sluice.toml.5'), configPage(version, date));
