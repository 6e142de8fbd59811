// `sluice plugin new` writes a plugin and its test, or copies those of an example. Promises: nothing that exists is changed; without an error, what
// was written passes `sluice plugin test`.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemReason } from '../config/read/config-error.ts';
import { makeFolder } from '../io/make-folder.ts';
import { removeLeftover } from '../io/remove-file.ts';
import { closest } from '../values/closest.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { writeReason } from './write-reason.ts';
import { composePlugin, composeTest, composeTypes } from './plugin/compose.ts';
import { exampleNames } from './plugin/examples.ts';
import { type SamplePoint, samplePoints } from './plugin/samples.ts';

interface Options {
  readonly point: readonly SamplePoint[];
  readonly example?: string;
  readonly folder: string;
}

interface NewFile {
  readonly path: string;
  readonly text: string;
}

export function registerNew(plugin: Command): void {
  plugin
    .command('new')
    .description('write a plugin that works as it is, and its test')
    .argument('<name>', 'the name of the plugin, such as no-digits', nameOf)
    .option(
      '--point <list>',
      `where it decides: any of ${samplePoints.join(', ')}, separated by commas`,
      pointsOf,
      ['rcpt'],
    )
    .addOption(
      new Option('--example <example>', 'copy this one of the examples instead').choices(exampleNames),
    )
    .option('--folder <folder>', 'where the files are written', '.')
    .action(writePlugin);
}

function nameOf(text: string): string {
  if (/^[a-z][a-z0-9-]{0,63}$/u.test(text)) return text;
  throw new InvalidArgumentError('A name has small letters, digits and "-", and begins with a letter.');
}

function pointsOf(text: string): readonly SamplePoint[] {
  const wanted = new Set(text.split(',').map((point) => point.trim()));
  const unknown = [...wanted].find((point) => !(samplePoints as readonly string[]).includes(point));
  if (unknown !== undefined) {
    const near = closest(unknown, samplePoints);
    throw new InvalidArgumentError(
      `There is no point "${unknown}"${near === undefined ? '' : `; did you mean ${near}?`} Points are ${samplePoints.join(', ')}.`,
    );
  }
  return samplePoints.filter((point) => wanted.has(point));
}

function writePlugin(name: string, { point: points, example, folder }: Options): void {
  const at = (file: string): string => join(resolve(folder), file);
  const files: NewFile[] = [
    {
      path: at(`${name}.ts`),
      text: example === undefined ? composePlugin({ name, points }) : copied(example, `${example}.ts`, name),
    },
    {
      path: at(`${name}.test.ts`),
      text:
        example === undefined ? composeTest({ name, points }) : copied(example, `${example}.test.ts`, name),
    },
  ];
  const taken = files.find(({ path }) => existsSync(path));
  if (taken !== undefined) {
    const advice = 'Nothing was written. Choose another name, or remove that file.';
    throw new CommandError(exitCodes.failed, 'PLUGIN_EXISTS', `${taken.path} exists already.`, advice);
  }
  const all = hasTypes(resolve(folder))
    ? files
    : [...files, { path: at('tsconfig.json'), text: composeTypes(declarations, isSource) }];
  write(all);
  const shown = (file: string): string => relative(process.cwd(), at(file)) || file;
  process.stdout.write(`Written:
${all.map(({ path }) => `  ${relative(process.cwd(), path)}\n`).join('')}
Next:
  sluice plugin test ${shown(`${name}.ts`)}     # runs its test, without a network
  sluice plugin bench ${shown(`${name}.ts`)}    # measures it
Then copy it to the server, and add the [[stage]] at its head to the configuration: docs/plugins.md
`);
}

/** Whether an editor already has settings for TypeScript here: those are the author's. */
function hasTypes(folder: string): boolean {
  if (existsSync(join(folder, 'tsconfig.json'))) return true;
  const above = dirname(folder);
  return above !== folder && hasTypes(above);
}

/** The package of Sluice: of this checkout, or as it is installed. */
const home = fileURLToPath(new URL('../..', import.meta.url));

/** Where an editor finds the types of `sluice/plugin`. */
const isSource = import.meta.url.endsWith('.ts');
const declarations = join(home, isSource ? 'src/plugin' : 'dist/plugin');

/** An example under another name. */
function copied(example: string, file: string, name: string): string {
  const path = join(home, 'examples/plugins', file);
  try {
    return readFileSync(path, 'utf8').replaceAll(example, name);
  } catch (error) {
    const text = `Cannot read ${path}: ${systemReason(error)}.`;
    throw new CommandError(exitCodes.ioError, 'PLUGIN_FILE', text, '', { cause: error });
  }
}

/** All files, or none. */
function write(files: readonly NewFile[]): void {
  const written: string[] = [];
  for (const { path, text } of files) {
    try {
      makeFolder(dirname(path));
      writeFileSync(path, text, { flag: 'wx' });
      written.push(path);
    } catch (error) {
      for (const each of written) removeLeftover(each);
      const text = `Cannot write ${path}: ${writeReason(error)}.`;
      throw new CommandError(exitCodes.ioError, 'PLUGIN_FILE', text, '', { cause: error });
    }
  }
}
