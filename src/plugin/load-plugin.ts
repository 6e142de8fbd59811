// Loads a plugin from its file, and sets it up. Whoever calls it has the hooks of resolve-hooks.ts in place.

import { accessSync, constants } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { SluiceError } from '../errors/sluice-error.ts';
import { closest } from '../values/closest.ts';
import { mistakeText } from './mistake-text.ts';
import { pluginPoints } from './points.ts';
import type { Plugin, PluginContext, PluginPoint, PluginPoints } from './types.ts';

/** A plugin cannot be used. */
export class PluginError extends SluiceError {
  constructor(
    code: 'PLUGIN_LOAD' | 'PLUGIN_SHAPE' | 'PLUGIN_SETUP',
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, 'Correct the plugin, or its options in the configuration.', options);
  }
}

/**
 * Loads the file of a plugin.
 * @param file - absolute
 * @throws {PluginError} when it cannot be read, has a mistake, or is no plugin
 */
export async function loadPlugin(file: string): Promise<Plugin> {
  let loaded: { readonly default?: unknown };
  try {
    accessSync(file, constants.R_OK);
    loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  } catch (error) {
    const isMissing = isSystemError(error, 'access') && error.code === 'ENOENT';
    const why = isMissing ? 'does not exist' : `cannot be loaded: ${mistakeText(error)}`;
    throw new PluginError('PLUGIN_LOAD', `${file} ${why}`, { cause: error });
  }
  const { default: plugin } = loaded;
  if (isPlugin(plugin)) return plugin;
  const version = (plugin as { readonly sluicePlugin?: unknown } | null | undefined)?.sluicePlugin;
  const why =
    version === undefined
      ? 'its default export is not made by plugin(...) of sluice/plugin'
      : `it is made for version ${String(version)} of sluice/plugin, and this one is 1`;
  throw new PluginError('PLUGIN_SHAPE', `${file} is no plugin: ${why}`);
}

/**
 * Sets a plugin up.
 * @throws {PluginError} when its setup throws, or returns what are no points
 */
export async function setUpPlugin(plugin: Plugin, context: PluginContext): Promise<PluginPoints> {
  let points: unknown;
  try {
    points = await plugin.setup(context);
  } catch (error) {
    throw new PluginError('PLUGIN_SETUP', mistakeText(error), { cause: error });
  }
  if (typeof points !== 'object' || points === null) {
    throw new PluginError(
      'PLUGIN_SHAPE',
      'its setup returned no object with points such as { rcpt() {...} }',
    );
  }
  for (const [name, act] of Object.entries(points)) {
    const isKnown = name === 'end' || isPoint(name);
    if (!isKnown) {
      const near = closest(name, [...pluginPoints, 'end']);
      const hint = near === undefined ? `the points are ${pluginPoints.join(', ')}` : `did you mean ${near}?`;
      throw new PluginError('PLUGIN_SHAPE', `its setup returned ${name}, which is no point; ${hint}`);
    }
    if (typeof act !== 'function' && act !== undefined) {
      throw new PluginError('PLUGIN_SHAPE', `its point ${name} is no function`);
    }
  }
  return points;
}

/** The points that a plugin has. */
export function pointsOf(points: PluginPoints): readonly PluginPoint[] {
  return pluginPoints.filter((point) => typeof points[point] === 'function');
}

function isPoint(name: string): name is PluginPoint {
  return (pluginPoints as readonly string[]).includes(name);
}

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { sluicePlugin, setup } = value as Partial<Plugin>;
  return sluicePlugin === 1 && typeof setup === 'function';
}

function isSystemError(error: unknown, syscall: string): error is NodeJS.ErrnoException {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall === syscall;
}
