/** The OpenAPI document is made of the same table as the router; here it is shown that the two agree, and that it is sound. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { createApp } from '#src/app.ts';
import { openApiDocument, toTemplate } from '#src/web/api/openapi.ts';
import { ask } from '#test/support/api.ts';
import { openWorld } from '#test/support/world.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string }>>>>;
}

test('every route of the server is in the document, and nothing else is', async () => {
  await using world = await openWorld();
  const answer = await ask('GET', `${world.issuer}/api/v1/openapi.json`);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const { paths } = answer.json as unknown as Document;
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} /api/v1${path}`),
  );
  const routes = (await createApp(world.house)).routes
    .filter(({ path }) => path.startsWith('/api/') && path !== '/api/v1/openapi.json')
    .map(({ method, path }) => `${method} ${toTemplate(path)}`);
  expect(described.toSorted()).toEqual(routes.toSorted());
  expect(described.length).toBeGreaterThan(3);
});

test('the document is valid OpenAPI 3.1, and each operation has a name of its own', async () => {
  const document = openApiDocument('https://masuk.contoh.go.id');
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  const { paths } = document as unknown as Document;
  const names = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(names).size).toBe(names.length);
  const text = JSON.stringify(document);
  const referred = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
  const { schemas } = document.components as { schemas: object };
  expect(referred.filter((name) => !Object.hasOwn(schemas, name))).toEqual([]);
});
