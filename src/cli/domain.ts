// `sluice domain`: the domains of Sluice's own directory.

import type { Command } from 'commander';
import { addDomain, removeDomain } from '../directory/edit/changes.ts';
import { type DirectoryOptions, directoryOptions, ownDirectory } from './own-directory.ts';

export function register(program: Command): void {
  const domain = program.command('domain').description("the domains of Sluice's own directory");
  const add = domain
    .command('add')
    .description('add a domain')
    .argument('<domain>', 'such as example.com')
    .action(async (name: string, options: DirectoryOptions) => {
      await ownDirectory(options).edit((records) => addDomain(records, name));
      process.stdout.write(`The domain ${name} was added.\n`);
    });
  const list = domain
    .command('list')
    .description('list the domains, each with the number of its users')
    .option('--json', 'print one line of JSON for each domain')
    .action(async (options: DirectoryOptions & { readonly json?: boolean }) => {
      const found = await ownDirectory(options).read((records) =>
        records.domains().map((each) => ({ domain: each, users: [...records.users(each)].length })),
      );
      for (const each of found)
        process.stdout.write(
          options.json === true ? `${JSON.stringify(each)}\n` : `${each.domain}\t${each.users}\n`,
        );
    });
  const remove = domain
    .command('remove')
    .description('remove a domain that has no users')
    .argument('<domain>')
    .action(async (name: string, options: DirectoryOptions) => {
      await ownDirectory(options).edit((records) => removeDomain(records, name));
      process.stdout.write(`The domain ${name} was removed.\n`);
    });
  for (const command of [add, list, remove])
    for (const option of directoryOptions()) command.addOption(option);
}
