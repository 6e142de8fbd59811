// The rooms of docs/architecture.md, top to bottom: a room may import from itself and from rooms below it.
const rooms = [
  ['cli'],
  ['process'],
  ['control'],
  ['receive', 'deliver'], // side by side: neither may import the other
  ['policy'],
  ['bounce'],
  ['schedule'],
  ['route'],
  ['dns'],
  ['spool'],
  ['message'],
  ['io'],
  ['protocol'],
  ['address'],
  ['log'],
  ['stats'],
  ['config'],
  ['errors'],
];

const arrows = [];
for (const [level, names] of rooms.entries()) {
  const above = rooms.slice(0, level).flat();
  for (const name of names) {
    const forbidden = [...above, ...names.filter((other) => other !== name)];
    if (forbidden.length === 0) continue;
    arrows.push({
      name: `${name}-imports-upwards`,
      comment: `src/${name} may import only from rooms below it (docs/architecture.md)`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: `^src/(${forbidden.join('|')})/` },
    });
  }
}

export default {
  forbidden: [
    ...arrows,
    {
      name: 'pure-rooms-do-no-io',
      comment: 'protocol, address and schedule own no socket, timer or file',
      severity: 'error',
      from: { path: '^src/(protocol|address|schedule)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|url|net|util)$' },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|sim|bench)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-packages-in-sources',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.json'] },
  },
};
