// Families as a StatsD server reads them: counters as what was counted since the last time, gauges as they are. Pure.

import type { Family, Labels } from './families.ts';

/** A datagram of this size passes every Ethernet without being cut into fragments. */
export const mostDatagramBytes = 1_432;

export class StatsdLines {
  readonly #prefix: string;
  /** What each counter was when it was told last. */
  readonly #told = new Map<string, number>();
  /** What was counted before the first time was perhaps told by an earlier process. */
  #isFirst = true;

  /** @param prefix - stands before each name, with a full stop */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * One line for each counter that has grown, and for each gauge. The first time there are gauges alone.
   * @param families - counters and histograms: since the start of Sluice
   */
  lines(families: readonly Family[]): readonly string[] {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return families
      .filter(({ changesNames }) => changesNames !== true)
      .flatMap(({ name, kind, samples }) =>
        samples.flatMap(({ suffix = '', labels, value }) => {
          const key = `${this.#prefix}.${shortName(name)}${suffix}${labelPath(labels)}`;
          if (kind === 'gauge') return [`${key}:${value}|g`];
          const grown = value - (this.#told.get(key) ?? 0);
          this.#told.set(key, value);
          return grown > 0 && !isFirst ? [`${key}:${grown}|c`] : [];
        }),
      );
  }
}

/** Several lines in one datagram, each of which has at most `mostDatagramBytes`; a longer line is left out. */
export function datagramsOf(lines: readonly string[]): readonly string[] {
  const datagrams: string[] = [];
  let current = '';
  for (const line of lines) {
    // All lines are ASCII.
    if (line.length > mostDatagramBytes) continue;
    if (current !== '' && current.length + 1 + line.length > mostDatagramBytes) {
      datagrams.push(current);
      current = '';
    }
    current = current === '' ? line : `${current}\n${line}`;
  }
  return current === '' ? datagrams : [...datagrams, current];
}

/** The prefix takes the place of `sluice_`. */
function shortName(name: string): string {
  return name.replace(/^sluice_/u, '');
}

/** StatsD has no labels: their values are parts of the name. */
function labelPath(labels: Labels | undefined): string {
  return Object.values(labels ?? {})
    .map((text) => `.${text.replaceAll(/[^\w-]/gu, '_')}`)
    .join('');
}
