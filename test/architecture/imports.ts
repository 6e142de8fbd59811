// Reads a source with a real parser: every import in it, in whichever way it is written, and every way around imports.
// Read by imports.test.ts, which also breaks each rule on purpose.

import assert from 'node:assert/strict';
import { dirname, join, normalize } from 'node:path';
import { parseSync, visitorKeys, type Node } from 'oxc-parser';
import { hasPureGlobals, type Import, roomOf } from './rooms.ts';

/** It loads files of authors, which are in no room. */
const loadersOfPlugins: ReadonlySet<string> = new Set(['src/plugin/load-plugin.ts']);

/** What a source imports, and what it does that no source, or no source of its room, may do. */
export interface Reading {
  readonly imports: readonly Import[];
  /** One sentence each. */
  readonly faults: readonly string[];
}

/** Ways to load a module that name none in a form that can be checked. */
const hiddenLoaders: ReadonlySet<string> = new Set(['getBuiltinModule', 'createRequire']);

/** Globals with I/O, a clock, a timer or randomness, or with a way to one of them. */
const impureGlobals: ReadonlySet<string> = new Set([
  'AbortSignal', // has timeout()
  'BroadcastChannel',
  'EventSource',
  'MessageChannel',
  'WebSocket',
  'Worker',
  'console',
  'crypto',
  'fetch',
  'global',
  'globalThis',
  'localStorage',
  'navigator',
  'performance',
  'process',
  'sessionStorage',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

/** Globals that are pure but for these members. */
const impureMembers: ReadonlyMap<string, string> = new Map([
  ['Date', 'now'],
  ['Math', 'random'],
  ['Temporal', 'Now'],
]);

export function readSource(file: string, text: string): Reading {
  const { program, errors } = parseSync(file, text);
  assert.deepEqual(
    errors.map((error) => error.message),
    [],
    `${file} does not parse`,
  );
  const imports: Import[] = [];
  const faults: string[] = [];
  const lineOf = ({ start }: Node): number => text.slice(0, start).split('\n').length;
  const isSource = file.startsWith('src/');
  const isPure = hasPureGlobals(file);
  walk(program, (node, parents) => {
    const request = requestOf(node);
    if (request !== null) {
      const { module, names } = request;
      if (module.type === 'Literal' && typeof module.value === 'string') {
        const { value } = module;
        const target = value.startsWith('.') ? normalize(join(dirname(file), value)) : null;
        imports.push({ file, line: lineOf(node), specifier: value, target, names });
      } else if (isSource && !loadersOfPlugins.has(file)) {
        // Outside of src, a computed name names no room.
        faults.push(`${file}:${lineOf(node)} imports a computed name: write a plain string`);
      }
    }
    const hidden = isSource ? hiddenLoader(node) : null;
    if (hidden !== null) faults.push(`${file}:${lineOf(node)} uses ${hidden}: import the module instead`);
    const impure = isPure ? impureGlobal(node, parents) : null;
    if (impure !== null) {
      const why = `${roomOf(file)} is pure: no I/O, clock, timer or randomness`;
      faults.push(`${file}:${lineOf(node)} uses ${impure}: ${why}`);
    }
  });
  return { imports, faults };
}

/** Calls `visit` for a node and all nodes below it. @param parents - innermost last */
function walk(
  node: Node,
  visit: (node: Node, parents: readonly Node[]) => void,
  parents: readonly Node[] = [],
): void {
  visit(node, parents);
  const keys = visitorKeys[node.type];
  assert.ok(keys, `the parser names no children of ${node.type}`);
  const inner = [...parents, node];
  for (const key of keys) {
    const child: unknown = Reflect.get(node, key);
    for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) walk(one, visit, inner);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** The module that a node asks for, and the names that it takes from it: `*` means all. Null: it asks for none. */
function requestOf(node: Node): { readonly module: Node; readonly names: readonly string[] } | null {
  switch (node.type) {
    case 'ImportDeclaration':
      return {
        module: node.source,
        names: node.specifiers.map((one) => (one.type === 'ImportSpecifier' ? nameOf(one.imported) : '*')),
      };
    case 'ExportNamedDeclaration':
      if (node.source === null) return null;
      return { module: node.source, names: node.specifiers.map(({ local }) => nameOf(local)) };
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return { module: node.source, names: ['*'] };
    case 'TSExternalModuleReference':
      return { module: node.expression, names: ['*'] };
    case 'TSModuleDeclaration':
      return node.id.type === 'Literal' ? { module: node.id, names: ['*'] } : null;
    default:
      return null;
  }
}

function nameOf(node: Node): string {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'Literal' ? String(node.value) : '*';
}

function hiddenLoader(node: Node): string | null {
  // As a string, too: process['getBuiltinModule'].
  const name = node.type === 'Identifier' || node.type === 'Literal' ? nameOf(node) : '';
  if (hiddenLoaders.has(name)) return name;
  const isRequire = node.type === 'CallExpression' && nameOf(node.callee) === 'require';
  return isRequire ? 'require' : null;
}

/** The impure global that an identifier stands for; null when it is none, or only a pure part of it is used. */
function impureGlobal(node: Node, parents: readonly Node[]): string | null {
  if (node.type !== 'Identifier') return null;
  const parent = parents.at(-1);
  if (parent === undefined || isLabel(node, parent)) return null;
  if (impureGlobals.has(node.name)) return node.name;
  const impureMember = impureMembers.get(node.name);
  if (impureMember === undefined) return null;
  switch (parent.type) {
    case 'MemberExpression': {
      if (parent.computed) return node.name;
      const member = parent.property.name;
      return member === impureMember ? `${node.name}.${member}` : null;
    }
    case 'NewExpression': // without an argument, it reads the clock
      return parent.arguments.some(({ type }) => type !== 'SpreadElement') ? null : `new ${node.name}()`;
    case 'BinaryExpression': // instanceof
      return null;
    default:
      return node.name;
  }
}

/** Whether an identifier names a member, a property or a type, and so no global value. */
function isLabel(node: Node, parent: Node): boolean {
  switch (parent.type) {
    case 'MemberExpression':
      return parent.property === node && !parent.computed;
    case 'Property':
      return parent.key === node && !parent.computed && !parent.shorthand;
    case 'PropertyDefinition':
    case 'MethodDefinition':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
      return parent.key === node && !parent.computed;
    case 'TSTypeReference':
    case 'TSQualifiedName':
      return true;
    default:
      return false;
  }
}
