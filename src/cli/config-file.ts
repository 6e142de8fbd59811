// The configuration that a command works with.

import { Option } from 'commander';
import { type Config, defaultConfig, loadConfig } from '../config/config.ts';
import { findConfigFile } from '../config/find-config.ts';

/** The option that every command with a configuration has. */
export function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    'configuration file (default: SLUICE_CONFIG, ./sluice.toml, /etc/sluice/sluice.toml, or none)',
  );
}

/** @throws {ConfigError} with every problem of the file */
export function readConfig(named: string | undefined): Config {
  const file = findConfigFile(named);
  return file === undefined ? defaultConfig() : loadConfig(file);
}
