// The files that `sluice plugin new` writes: a plugin that works as it is, and its test, for the points that are asked for. Pure.

import { type SamplePoint, samples } from './samples.ts';

export interface Wanted {
  /** Of the files and the stage. */
  readonly name: string;
  readonly points: readonly SamplePoint[];
}

/** The text of the plugin. */
export function composePlugin({ name, points }: Wanted): string {
  const chosen = points.map((point) => samples[point]);
  return `// ${name}: say here what it decides, for the administrator who reads this file.
//
//   [[stage]]
//   name = "${name}"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/${name}.ts"
${deliveryLine(points)}
import { ${importsOf(chosen.flatMap(({ uses }) => uses))} } from 'sluice/plugin';

// This function is run once in each process that uses the plugin, and again when this file or its options change. The context has the options
// of the stage, a log, a folder for what has to outlive a restart, timers, DNS and HTTP.
export default plugin((context) => {
  context.log('ready');

  // The points at which the plugin is asked. Each may be async. What it throws is answered with 451.
  return {
${chosen.map(({ code }) => indented(code, 4)).join('\n\n')}
  };
});
`;
}

/** The text of its test. */
export function composeTest({ name, points }: Wanted): string {
  const tests = points.map((point) => {
    const { title, test } = samples[point];
    return `test('${title}', async () => {
${indented(`const asked = await testPlugin(plugin);\n${test}`, 2)}
});
`;
  });
  const uses = tests.some((text) => text.includes('messageAfter('))
    ? ['messageAfter', 'testPlugin']
    : ['testPlugin'];
  return `// The test of ${name}.ts. Run it by: sluice plugin test ${name}.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ${uses.join(', ')} } from 'sluice/plugin/testing';
import plugin from './${name}.ts';

${tests.join('\n')}`;
}

/**
 * Settings by which an editor, and tsc, know what plugins import.
 * @param folder - of the declarations of `sluice/plugin`, or of its sources
 */
export function composeTypes(folder: string, isSource: boolean): string {
  const ending = isSource ? 'ts' : 'd.ts';
  const settings = {
    compilerOptions: {
      target: 'esnext',
      module: 'esnext',
      moduleResolution: 'bundler',
      types: ['node'],
      strict: true,
      // Plugins are run as they are: their types are left out, and nothing is compiled.
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      paths: {
        'sluice/plugin': [`${folder}/index.${ending}`],
        'sluice/plugin/testing': [`${folder}/testing/index.${ending}`],
      },
    },
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

/** Points at the delivery are named in the configuration. */
function deliveryLine(points: readonly SamplePoint[]): string {
  const named = points.filter((point) => point === 'route' || point === 'attempt');
  return named.length === 0 ? '' : `//   delivery = ${JSON.stringify(named).replace(',', ', ')}\n`;
}

function importsOf(uses: readonly string[]): string {
  return [...new Set([...uses, 'plugin'])].toSorted().join(', ');
}

function indented(text: string, by: number): string {
  return text.replaceAll(/^(?=.)/gmu, ' '.repeat(by));
}
