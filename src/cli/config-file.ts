// Which configuration a command uses: --config, SLUICE_CONFIG, ./sluice.toml, /etc/sluice/sluice.toml, or the defaults.

import { existsSync } from 'node:fs';
import { Option } from 'commander';
import { type Config, defaultConfig, loadConfig } from '../config/config.ts';

const usualPlaces = ['sluice.toml', '/etc/sluice/sluice.toml'];

/** The option that every command with a configuration has. */
export function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    'configuration file (default: ./sluice.toml, /etc/sluice/sluice.toml, or none)',
  ).env('SLUICE_CONFIG');
}

/** The file that a command reads when none is named; undefined: the defaults are used. */
export function usualConfigFile(): string | undefined {
  return usualPlaces.find((path) => existsSync(path));
}

/** @throws {ConfigError} with every problem of the file */
export function readConfig(file: string | undefined): Config {
  const path = file ?? usualConfigFile();
  return path === undefined ? defaultConfig() : loadConfig(path);
}
