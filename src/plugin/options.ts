// Reads what an administrator wrote in `[stage.options]` for a plugin. Promises: an option that is missing, misspelt or of the wrong kind is
// an error that names it and says what to write; what is returned has the types that the plugin asked for.

import { SluiceError } from '../errors/sluice-error.ts';
import { closest } from '../values/closest.ts';
import { parseDuration } from '../values/duration.ts';
import { parseRate, type Rate } from '../values/rate.ts';
import { parseSize } from '../values/size.ts';
import { ValueError } from '../values/value-error.ts';

/** What is wrong with the options of a plugin. */
export class PluginOptionsError extends SluiceError {
  /** Its name. */
  readonly option: string;

  /** @param clause - what is wrong with it */
  constructor(option: string, clause: string, options?: ErrorOptions) {
    super(
      'PLUGIN_OPTIONS',
      `option ${option}: ${clause}`,
      'Change it in [stage.options] of this stage.',
      options,
    );
    this.option = option;
  }
}

/**
 * Reads one option.
 * @param value - as it is in the configuration; undefined when it is not there
 * @throws {ValueError} when it cannot be used; the message is a clause
 */
export type OptionReader<Value> = (value: unknown) => Value;

/** The values that readers give, by the names of their options. */
export type OptionValues<Readers> = {
  readonly [Name in keyof Readers]: Readers[Name] extends OptionReader<infer Value> ? Value : never;
};

/**
 * Reads all options of a plugin at once.
 *
 * ```ts
 * const { url, cache } = readOptions(context.options, { url: text(), cache: duration('1m') });
 * ```
 *
 * @throws {PluginOptionsError} for an option that is missing or cannot be used, and for one that the plugin does not know
 */
export function readOptions<Readers extends Readonly<Record<string, OptionReader<unknown>>>>(
  options: Readonly<Record<string, unknown>>,
  readers: Readers,
): OptionValues<Readers> {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(readers, name)) continue;
    const near = closest(name, Object.keys(readers));
    throw new PluginOptionsError(
      name,
      `this plugin has no such option${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  const values = Object.entries(readers).map(([name, read]) => {
    try {
      return [name, read(Object.hasOwn(options, name) ? options[name] : undefined)] as const;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new PluginOptionsError(name, error.message, { cause: error });
    }
  });
  return Object.fromEntries(values) as OptionValues<Readers>;
}

/** A text. @param fallback - when it is not given; without one it has to be given */
export function text(fallback?: string): OptionReader<string> {
  return (value = needed(fallback)) => {
    if (typeof value !== 'string') throw new ValueError('it is no text');
    return value;
  };
}

/** A duration such as "5m", in ms. @param fallback - in the same words */
export function duration(fallback?: string): OptionReader<number> {
  const read = text(fallback);
  return (value) => parseDuration(read(value));
}

/** A size such as "10MB", in bytes. @param fallback - in the same words */
export function size(fallback?: string): OptionReader<number> {
  const read = text(fallback);
  return (value) => parseSize(read(value));
}

/** A rate such as "100/hour". @param fallback - in the same words */
export function rate(fallback?: string): OptionReader<Rate> {
  const read = text(fallback);
  return (value) => parseRate(read(value));
}

/** A finite number, also with a fraction. */
export function number(fallback?: number): OptionReader<number> {
  return (value = needed(fallback)) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new ValueError('it is no number');
    return value;
  };
}

/** A whole number from 0 on. */
export function count(fallback?: number): OptionReader<number> {
  return (value = needed(fallback)) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw new ValueError('it is no whole number from 0 on');
    }
    return value;
  };
}

/** true or false. */
export function yesOrNo(fallback?: boolean): OptionReader<boolean> {
  return (value = needed(fallback)) => {
    if (typeof value !== 'boolean') throw new ValueError('it is neither true nor false');
    return value;
  };
}

/** A list of texts. */
export function list(fallback?: readonly string[]): OptionReader<readonly string[]> {
  return (value = needed(fallback)) => {
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
      throw new ValueError('it is no list of texts');
    }
    return value as readonly string[];
  };
}

/** A table whose values are all read in the same way: `table(number())`. Names are kept as they are written. */
export function table<Value>(
  read: OptionReader<Value>,
  fallback?: Readonly<Record<string, Value>>,
): OptionReader<ReadonlyMap<string, Value>> {
  return (value) => {
    if (value === undefined) return new Map(Object.entries(needed(fallback)));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ValueError('it is no table');
    }
    return new Map(
      Object.entries(value).map(([name, each]) => {
        try {
          return [name, read(each)] as const;
        } catch (error) {
          if (!(error instanceof ValueError)) throw error;
          throw new ValueError(`${name}: ${error.message}`, { cause: error });
        }
      }),
    );
  };
}

function needed<Value>(fallback: Value | undefined): Value {
  if (fallback === undefined) throw new ValueError('it has to be given');
  return fallback;
}
