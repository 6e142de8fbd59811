// Reads the text format of Prometheus 0.0.4 by its description, apart from the code that writes it.

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', '"': '"' };

/** @throws {Error} when a line is not of the format */
export function readSamples(text: string): readonly ReadSample[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# '))
    .map((line) => {
      const [, name, inner, value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/su.exec(line) ?? [];
      if (name === undefined || Number.isNaN(Number(value))) throw new Error(`no sample: ${line}`);
      return { name, labels: readLabels(inner ?? ''), value: Number(value) };
    });
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels: [string, string][] = [];
  let rest = text;
  while (rest !== '') {
    const [all, label = '', escaped = ''] = /^([a-z]+)="((?:[^"\\]|\\[\\n"])*)"(?:,|$)/u.exec(rest) ?? [];
    if (all === undefined) throw new Error(`no label: ${rest}`);
    labels.push([label, escaped.replaceAll(/\\(.)/gu, (_, letter: string) => escapes[letter] ?? '')]);
    rest = rest.slice(all.length);
  }
  return Object.fromEntries(labels);
}

/** The value of one sample. @throws {Error} when there is none, or more of them */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = readSamples(text).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, is]) => sample.labels[label] === is),
  );
  if (found.length !== 1) throw new Error(`${found.length} samples ${name} ${JSON.stringify(labels)}`);
  return found[0]!.value;
}
