// `sluice config show`: prints the configuration in force, all defaults, the reference page or the JSON Schema.

import { type Command, Option } from 'commander';

import { defaultConfig, loadConfig } from '../config/config.ts';
import { findConfigFile } from '../config/read/find-config.ts';
import { jsonSchema, renderReference } from '../config/show/render-reference.ts';
import { renderDefaults, renderInForce } from '../config/show/render-toml.ts';
import { readConfigFiles } from '../config/read/config-files.ts';
import { configOption } from './config-file.ts';

interface ShowOptions {
  readonly config?: string;
  readonly defaults?: boolean;
  readonly reference?: boolean;
  readonly jsonSchema?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  const config = program.command('config').description('show the configuration');
  config
    .command('show')
    .description('print the configuration in force, with the meaning of every key')
    .addOption(configOption())
    .option('--json', 'print one JSON object: times in milliseconds, sizes in bytes')
    .addOption(exclusive('--defaults', 'print every key with its default and meaning instead'))
    .addOption(exclusive('--json-schema', 'print the JSON Schema of the file instead'))
    .addOption(exclusive('--reference', 'print the reference page (Markdown) instead'))
    .action((options: ShowOptions) => {
      process.stdout.write(show(options));
    });
}

function exclusive(flag: string, description: string): Option {
  const others = ['defaults', 'jsonSchema', 'reference', 'json'];
  const option = new Option(flag, description);
  return option.conflicts(others.filter((name) => name !== option.attributeName()));
}

function show(options: ShowOptions): string {
  if (options.defaults) return renderDefaults();
  if (options.reference) return renderReference();
  if (options.jsonSchema) return `${JSON.stringify(jsonSchema(), undefined, 2)}\n`;
  const file = findConfigFile(options.config);
  const config = file === undefined ? defaultConfig() : loadConfig(file);
  if (options.json) return `${JSON.stringify(config, undefined, 2)}\n`;
  const source = file === undefined ? undefined : readConfigFiles(file).source;
  const files = file === undefined ? ['No configuration file: the defaults'] : [file, ...config.fragments];
  return `${files.map((each) => `# ${each}\n`).join('')}\n${renderInForce(config, source)}`;
}
