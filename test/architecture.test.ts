/** Imports run one way; this reads every import of the source and says where one does not. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { constantsIn, type Sending, sendingsIn } from '#test/support/sendings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface SourceFile {
  /** From the root of the checkout. */
  path: string;
  text: string;
  /** A path from the root for our own files, else the specifier of a package. */
  imports: string[];
}

/** Which rooms each room may import from; itself always. `main` and `cli` are files; so is `app`. */
const allowed: Record<string, string[]> = {
  base: [],
  audit: ['base'],
  people: ['audit', 'base'],
  registry: ['audit', 'base'],
  consents: ['people', 'registry', 'audit', 'base'],
  oidc: ['consents', 'people', 'registry', 'audit', 'base'],
  jobs: ['oidc', 'consents', 'people', 'registry', 'audit', 'base'],
  web: ['oidc', 'consents', 'people', 'registry', 'audit', 'base', 'views'],
  app: ['web', 'oidc', 'consents', 'people', 'registry', 'audit', 'base', 'views'],
  top: ['app', 'web', 'jobs', 'oidc', 'consents', 'people', 'registry', 'audit', 'base', 'clients'],
  views: [],
  clients: [],
  migrations: [],
};

let files: SourceFile[];

beforeAll(async () => {
  const paths = await Promise.all(['src', 'views', 'clients', 'migrations'].map(listSources));
  files = await Promise.all(paths.flat().map(readSource));
});

async function listSources(directory: string): Promise<string[]> {
  const names = await readdir(join(root, directory), { recursive: true });
  return names.filter((name) => /\.(ts|js)$/.test(name)).map((name) => `${directory}/${name.replaceAll('\\', '/')}`);
}

async function readSource(path: string): Promise<SourceFile> {
  const text = await readFile(join(root, path), 'utf8');
  return { path, text, imports: listImports(text).map((specifier) => resolve(path, specifier)) };
}

/** `import … from`, `export … from`, bare and dynamic imports, and types by `import('…')`. Comments are taken out first. */
function listImports(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const statements = /(?:^|[\s;}])(?:import|export)\s+(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]/g;
  const calls = /\bimport\s*\(\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(statements), ...code.matchAll(calls)].map((match) => match[1] ?? '');
}

function resolve(path: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return relative(root, join(root, dirname(path), specifier)).replaceAll('\\', '/');
  return specifier;
}

/** The room of one of our files; undefined for packages. */
function roomOf(path: string): string | undefined {
  const [folder, second = ''] = path.split('/');
  if (folder !== 'src') return ['views', 'clients', 'migrations'].includes(folder ?? '') ? folder : undefined;
  const top = [
    'main.ts',
    'start.ts',
    'workers.ts',
    'worker-channel.ts',
    'cli.ts',
    'lawang.js',
    'compile-cache.js',
    'pinned-node.js',
    'cli',
  ];
  if (top.includes(second)) return 'top';
  return second.replace(/\.ts$/, '');
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function importersOf(name: string): string[] {
  return files
    .filter(({ imports }) => imports.some((specifier) => packageOf(specifier) === name))
    .map(({ path }) => path);
}

test('the reading itself works: every file, every room, and the imports in them', () => {
  expect(files.length).toBeGreaterThan(90);
  const rooms = new Set(files.map(({ path }) => roomOf(path)));
  expect([...rooms].sort()).toEqual(Object.keys(allowed).sort());
  const count = files.reduce((sum, { imports }) => sum + imports.length, 0);
  expect(count).toBeGreaterThan(400);
  const said = files.reduce((sum, { text }) => sum + (text.match(/^(import|export) .* from '/gm)?.length ?? 0), 0);
  expect(count).toBeGreaterThanOrEqual(said);
  for (const { path, imports } of files) {
    for (const target of imports.filter((specifier) => roomOf(specifier))) {
      expect(target, path).toMatch(/\.(ts|js|json|css|svg)$/);
    }
  }
});

test('the scan sees every way to import', () => {
  const text = `
    import a from 'a'; import { b, type B } from "b";
    import type { C } from '#src/c.ts';
    import {
      d,
    } from './d.ts';
    import './e.ts';
    export * from 'f'; export { g } from '../g.ts';
    const h = await import('./h.ts'); type I = import('i').I;
    // import no from 'no';
    /* import no from 'no'; */
    import * as j from 'node:j';`;
  expect(listImports(text).sort()).toEqual(
    ['a', 'b', '#src/c.ts', './d.ts', './e.ts', 'f', '../g.ts', './h.ts', 'i', 'node:j'].sort(),
  );
});

test('imports run one way between the rooms', () => {
  const wrong = files.flatMap(({ path, imports }) => {
    const room = roomOf(path) ?? '';
    const targets = imports.filter((target) => {
      const other = roomOf(target);
      return other !== undefined && other !== room && !allowed[room]?.includes(other);
    });
    return targets.map((target) => `${path} → ${target}`);
  });
  expect(wrong).toEqual([]);
});

test('every file that is imported exists', () => {
  const known = new Set(files.map(({ path }) => path));
  const absent = files.flatMap(({ path, imports }) => {
    const ours = imports.filter((target) => roomOf(target) && /\.(ts|js)$/.test(target));
    return ours.filter((target) => !known.has(target)).map((target) => `${path} → ${target}`);
  });
  expect(absent).toEqual([]);
});

test('no two files import each other in a circle', () => {
  const targets = new Map(files.map(({ path, text }) => [path, valueImports(path, text)]));
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) circles.push([...trail.slice(start), path].join(' → '));
    if (start !== -1 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) walk(path, []);
  expect(circles).toEqual([]);
});

/** Imports that exist when the program runs: without those of types, and those made later by `import()`. */
function valueImports(path: string, text: string): string[] {
  const withoutTypes = text.replace(/(import|export) type [^;]*;/g, '').replace(/\bimport\s*\(/g, 'load(');
  return listImports(withoutTypes).map((specifier) => resolve(path, specifier));
}

describe('libraries stay behind their doors', () => {
  test.each([
    ['oidc-provider', /^src\/oidc\//],
    // The engine is a koa app, so its hooks get koa's context: `oidc` may name the type.
    ['koa', /^src\/(web\/|oidc\/|app\.ts$)/],
    ['@koa/router', /^src\/(web\/|app\.ts$)/],
    ['pg', /^src\/base\//],
    ['pg-copy-streams', /^src\/base\/connections\.ts$/],
    ['knex', /^(src\/base\/migrations\.ts$|migrations\/)/],
    ['@simplewebauthn/server', /^src\/people\//],
    ['argon2', /^src\/people\/passwords\.ts$/],
    ['otpauth', /^src\/people\/totp\.ts$/],
    ['lean-qr', /^views\/parts\/qr\.ts$/],
    ['prom-client', /^src\/base\/metrics\.ts$/],
    ['yaml', /^src\/registry\//],
  ])('%s', (name, place) => {
    const importers = importersOf(name);
    expect(importers.length).toBeGreaterThan(0);
    for (const path of importers) expect(path).toMatch(place);
  });

  test('koa runs in web and app only', () => {
    const running = files.filter(({ path, text }) => valueImports(path, text).includes('koa'));
    expect(running.map(({ path }) => path)).toContain('src/app.ts');
    for (const { path } of running) expect(path).toMatch(/^src\/(web\/|app\.ts$)/);
  });

  test('their insides are not imported', () => {
    const published = [
      '@simplewebauthn/server/helpers',
      'lean-qr/extras/node_export',
      'libphonenumber-js/mobile',
      'libphonenumber-js/max',
    ];
    const deep = files.flatMap(({ path, imports }) => {
      const foreign = imports.filter((specifier) => !roomOf(specifier) && !specifier.startsWith('node:'));
      const inside = foreign.filter(
        (specifier) => specifier !== packageOf(specifier) && !published.includes(specifier),
      );
      return inside.map((specifier) => `${path} → ${specifier}`);
    });
    expect(deep).toEqual([]);
  });
});

test('every package that the source imports is a dependency, and none is only a development one', async () => {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const browser = /^views\/assets\//;
  const used = files
    .filter(({ path }) => !browser.test(path))
    .flatMap(({ imports }) => imports.filter((specifier) => !roomOf(specifier) && !specifier.startsWith('node:')));
  // What only types come from may stay a development dependency.
  const typesOnly = ['@types/koa'];
  for (const name of new Set(used.map(packageOf)))
    expect(Object.keys(manifest.dependencies).concat(typesOnly), name).toContain(name);
});

test('only the entry reads the environment, ends the process or hears its signals', () => {
  const entries = ['src/main.ts', 'src/lawang.js', 'src/compile-cache.js', 'src/pinned-node.js'];
  const touching = files.filter(({ path, text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '');
    const isOurs = path.startsWith('src/') && !entries.includes(path);
    return isOurs && /\bprocess\.(env|exit|exitCode|on|once)\b|import\.meta\.env/.test(code);
  });
  expect(touching.map(({ path }) => path)).toEqual([]);
});

test('rooms write their own tables only', () => {
  const owners: Record<string, string[]> = {
    base: ['instance', 'keys', 'keys_version'],
    audit: ['account_events', 'admin_events'],
    registry: [
      'agencies',
      'clients',
      'client_claims',
      'client_contacts',
      'client_secrets',
      'registry_version',
      'subject_groups',
    ],
    consents: ['consents', 'permissions', 'permission_terms'],
  };
  const ownerOf = new Map(Object.entries(owners).flatMap(([room, tables]) => tables.map((table) => [table, room])));
  const writes = /\b(?:insert into|update|delete from)\s+([a-z_]+)\b|\bcopy ([a-z_]+) \(/g;
  const wrong = files.flatMap(({ path, text }) => {
    const room = roomOf(path) ?? '';
    if (!path.startsWith('src/') || room === 'jobs') return [];
    const tables = [...text.matchAll(writes)].map((match) => match[1] ?? match[2] ?? '');
    return tables.filter((table) => (ownerOf.get(table) ?? room) !== room).map((table) => `${path} writes ${table}`);
  });
  expect(wrong).toEqual([]);
});

/** Tables with a column `shard`, as the migrations make them. */
function shardedTables(): string[] {
  const made = files.filter(({ path }) => path.startsWith('migrations/'));
  const names = made.flatMap(({ text }) =>
    [...text.matchAll(/create table (\w+) \(\s*shard\b/g)].map(([, name]) => name),
  );
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** Whether a statement is about one of the tables; one whose text is not known is held to be. */
function isAbout(tables: readonly string[], text: string | undefined): boolean {
  if (text === undefined) return true;
  return new RegExp(`\\b(?:from|into|update|join|copy)\\s+(?:${tables.join('|')})\\b`).test(text);
}

/** What is sent on a sharded table. `base` is the door itself; the entries write to a terminal and nowhere else. */
function sendingsToShards(sources: readonly Pick<SourceFile, 'path' | 'text'>[]): Sending[] {
  const tables = shardedTables();
  const shared = sources
    .filter(({ path }) =>
      ['oidc/statements', 'registry/attempts', 'registry/uses'].some((name) => path === `src/${name}.ts`),
    )
    .flatMap(({ text }) => constantsIn(text));
  const rooms = sources.filter(
    ({ path }) => path.startsWith('src/') && !/^src\/(base\/|main\.ts|[\w-]+\.js)/.test(path),
  );
  const sent = rooms.flatMap((file) => sendingsIn(file, new Map([...shared, ...constantsIn(file.text)])));
  return sent.filter(({ text }) => isAbout(tables, text));
}

const withoutDoor = (sent: readonly Sending[]) =>
  sent.filter(({ door }) => door === undefined).map(({ place }) => place);

const elsewhere = (sent: readonly Sending[]) =>
  sent
    .filter(({ door, first }) => door && first && door !== first)
    .map(({ place, door }) => `${place} goes to ${door}`);

test('the scan sees who sends a statement, and what', () => {
  const text = `
export async function one(db: Db, id: string) {
  const shard = shardOf(id);
  const home = db.for(shard);
  const values = [shard, id];
  if (id) {
    await home.execute('update accounts set id = id where shard = $1 and id = $2', values);
  }
  return db
    .for(row.shard)
    .first<{ id: string }>(\`select id from accounts where shard = $1\`, [row.shard, (a, b) => b]);
}
export async function two(db: Db) {
  await home.execute(named, [id]);
  await tx.forAll(list.map(({ shard }) => f(shard))).copy('copy accounts (shard) from stdin', list);
  return (await db.query(unknown)).length; // db.query('select 1 from accounts')
}
class Three {
  four() {
    const db = this.db.for(this.shard);
  }
  five() {
    return db.write(named, [...values, 1]);
  }
}`;
  const sent = sendingsIn({ path: 'x.ts', text }, new Map([['named', 'delete from accounts']]));
  expect(sent).toEqual([
    { place: 'x.ts:7', text: expect.stringMatching(/^update/), door: 'shard', first: 'shard' },
    { place: 'x.ts:11', text: expect.stringMatching(/^select/), door: 'row.shard', first: 'row.shard' },
    { place: 'x.ts:14', text: 'delete from accounts', door: undefined, first: 'id' },
    {
      place: 'x.ts:15',
      text: expect.stringMatching(/^copy/),
      door: 'list.map(({ shard }) => f(shard))',
      first: undefined,
    },
    { place: 'x.ts:16', text: undefined, door: undefined, first: undefined },
    { place: 'x.ts:23', text: 'delete from accounts', door: undefined, first: undefined },
  ]);
});

test('statements on sharded tables go through the door of the shard that they name', () => {
  expect(shardedTables()).toHaveLength(32);
  const sent = sendingsToShards(files);
  expect(sent.length).toBeGreaterThan(90);
  expect(sent.filter(({ first }) => first).length).toBeGreaterThan(75);
  expect(withoutDoor(sent)).toEqual([]);
  expect(elsewhere(sent)).toEqual([]);
});

test('names say what a file is', () => {
  for (const { path } of files) {
    const name = path.split('/').at(-1) ?? '';
    expect(name, path).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.(ts|js)$/);
    expect(name, path).not.toMatch(/manager|service|helper|util|impl\b/);
  }
});
