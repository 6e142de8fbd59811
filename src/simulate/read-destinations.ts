// Reads a file of destinations: from TOML to models. All mistakes are reported together, with file, line and column.

import type { z } from 'zod';
import { closest } from '../values/closest.ts';
import { ConfigError, formatProblem, type ConfigProblem } from '../config/read/config-error.ts';
import { excerptOf } from '../values/excerpt.ts';
import { keysOf, type KnownKey } from '../config/problems/known-keys.ts';
import { readToml, type Path, type TomlSource } from '../config/read/toml.ts';
import { destinationFile, type DestinationModel } from './destination-model.ts';
import { SimulationError } from './simulation-error.ts';

/**
 * Reads the destinations.
 * @param fileName for messages
 * @throws {SimulationError} with every mistake of the file
 */
export function readDestinations(text: string, fileName: string): readonly DestinationModel[] {
  let source: TomlSource;
  try {
    source = readToml(text, fileName);
  } catch (error) {
    throw error instanceof ConfigError ? inputError(error.problems) : error;
  }
  const parsed = destinationFile.safeParse(source.value);
  if (parsed.success) return parsed.data.destination;
  throw inputError(parsed.error.issues.flatMap((issue) => problemsOf(issue, source)));
}

function problemsOf(issue: z.core.$ZodIssue, source: TomlSource): ConfigProblem[] {
  if (issue.code !== 'unrecognized_keys') {
    const place = source.placeOfValue(issue.path) ?? source.placeOfValue(issue.path.slice(0, -1));
    return [problem(issue.path, place, issue.message, source)];
  }
  const known = keysAt(issue.path).map(({ name }) => name);
  return issue.keys.map((key) => {
    const meant = closest(key, known);
    const hint = meant === undefined ? `; the keys here are ${known.join(', ')}` : `; did you mean ${meant}?`;
    const path = [...issue.path, key];
    return problem(path, source.placeOfKey(path), `there is no such key${hint}`, source);
  });
}

/** The keys of the table at a path. */
function keysAt(path: Path): KnownKey[] {
  let keys = keysOf(destinationFile);
  for (const part of path) {
    const here = keys.find(({ name }) => name === part)?.schema;
    if (here !== undefined) keys = keysOf(here);
    else if (typeof part === 'number') keys = keysOf(destinationFile.shape.destination.def.innerType.element);
  }
  return keys;
}

function problem(
  path: Path,
  place: { readonly line: number; readonly column: number } | undefined,
  message: string,
  source: TomlSource,
): ConfigProblem {
  const at = place ?? { line: 1, column: 1 };
  const key = path.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${String(part)}`)).join('');
  return { file: source.fileName, ...at, key: key.slice(1), message, excerpt: excerptOf(source.text, at) };
}

function inputError(problems: readonly ConfigProblem[]): SimulationError {
  return new SimulationError(
    'SIMULATION_INPUT',
    `Reading the destinations:\n${problems.map(formatProblem).join('\n')}`,
    'Correct the file; docs/simulate.md shows what destinations look like.',
  );
}
