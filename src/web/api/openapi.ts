/** The API in words for programs: an OpenAPI 3.1 document, printed from the table of routes and their schemas. */
import { z } from 'zod';
import { type ApiScope, apiAddress } from '#src/registry/api-scopes.ts';
import { recordSchema } from '#src/registry/inventory-schema.ts';
import { printClientSchema } from '#src/registry/registration-schema.ts';
import { querySchemaOf } from './answer.ts';
import { type PublicRoute, publicRoutes } from './public.ts';
import type { ApiRoute } from './route.ts';
import { apiRoutes } from './routes.ts';
import { declarationSchema } from './schemas/apps.ts';
import { recordEntrySchema } from './schemas/inventory.ts';
import { named, problemSchema } from './schemas/pieces.ts';

type Json = Record<string, unknown>;

const scopeSentences: Readonly<Record<ApiScope, string>> = {
  'apps.read': 'See the apps of the agency, their versions, checks and attempts.',
  'apps.write': 'Register and change apps, and ask for production.',
  'apps.secrets': 'Make and end secrets and registration tokens.',
  'team.read': 'See the agency, what is below it and who works there.',
  'inventory.read': 'See which apps exist, which of them are likely the same, and what is decided about them.',
  'inventory.write': 'Say which apps exist, one by one or by a file.',
  'sectors.decide': 'Decide as a coordinator: about apps, likely duplicates and cases.',
};

/** The whole document, for a provider with this address. */
export function openApiDocument(issuer: string): Json {
  const schemas = new Map<string, unknown>();
  const problem = { 'application/problem+json': { schema: printSchema(problemSchema, 'output', schemas) } };
  const paths: Record<string, Json> = {};
  for (const route of apiRoutes) {
    const path = toTemplate(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: printRoute(route, schemas) };
  }
  for (const route of publicRoutes) paths[toTemplate(route.path)] = { get: printPublicRoute(route, schemas) };
  // A declaration is checked by rules of its own, which say more about a mistake than a schema does.
  schemas.set(named.get(declarationSchema)?.id ?? '', printClientSchema());
  schemas.set(named.get(recordEntrySchema)?.id ?? '', printSchema(recordSchema, 'input', schemas));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lawang',
      version: '1',
      description:
        'Agencies run their apps by it, and portals read the catalogue of services. Every other list has `limit` and `after`, says the next page by `Link`, and comes as csv where `Accept` asks for it. See docs/api.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: apiAddress(issuer) }],
    paths,
    components: {
      schemas: Object.fromEntries([...schemas].sort(([one], [other]) => (one < other ? -1 : 1))),
      responses: { Problem: { description: 'Why not, with a stable code.', content: problem } },
      securitySchemes: {
        token: {
          type: 'oauth2',
          description: `Client credentials of a machine of the agency, with resource=${apiAddress(issuer)}; to change anything, bound to a key by DPoP (RFC 9449).`,
          flows: { clientCredentials: { tokenUrl: `${issuer}/token`, scopes: scopeSentences } },
        },
      },
    },
  };
}

/** `/apps/:client` as OpenAPI writes it. */
export function toTemplate(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function printRoute(route: ApiRoute, schemas: Map<string, unknown>): Json {
  const answer = route.list ? z.strictObject({ items: z.array(route.list.item) }) : route.answer;
  const content = answer && {
    'application/json': { schema: printSchema(answer, 'output', schemas) },
    ...(route.list && { 'text/csv': { schema: { type: 'string' } } }),
  };
  const also = Object.entries(route.alsoAnswers ?? {}).map(([status, description]) => [
    status,
    { description, ...(content && { content }) },
  ]);
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.description && { description: route.description }),
    security: [{ token: [route.scope] }],
    parameters: parametersOf(route, schemas),
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: printSchema(route.body, 'input', schemas) } },
      },
    }),
    ...(route.file && {
      requestBody: { required: true, content: { [route.file.type]: { schema: { type: 'string' } } } },
    }),
    responses: {
      [route.status]: { description: 'Done.', ...headersOf(route), ...(content && { content }) },
      ...Object.fromEntries(also),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** Without `security`: for everybody. */
function printPublicRoute(route: PublicRoute, schemas: Map<string, unknown>): Json {
  const schema = printSchema(z.strictObject({ items: z.array(route.item) }), 'output', schemas);
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.description && { description: route.description }),
    security: [],
    parameters: inQuery(route.query, schemas),
    responses: {
      200: {
        description: 'Done.',
        headers: { Link: text(NEXT), ETag: text('For If-None-Match.') },
        content: { 'application/json': { schema } },
      },
      304: { description: 'As it was.' },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const NEXT = 'The next page, rel="next", where there is one.';

const text = (description: string) => ({ description, schema: { type: 'string' } });

function headersOf(route: ApiRoute): Json {
  if (route.list) return { headers: { Link: text(NEXT) } };
  return route.isVersioned ? { headers: { ETag: text('The number of the version, in quotes.') } } : {};
}

function parametersOf(route: ApiRoute, schemas: Map<string, unknown>): Json[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  const header = (name: string, description: string, required = false) => ({
    ...{ name, in: 'header', required, description },
    schema: { type: 'string' },
  });
  return [
    ...inPath,
    ...inQuery(querySchemaOf(route), schemas),
    ...(route.isConditional
      ? [header('If-Match', 'The ETag of the version that is changed.', route.isConditional === 'always')]
      : []),
    ...(route.method === 'GET' ? [] : [header('Idempotency-Key', 'The same key and request get the same answer.')]),
  ];
}

function inQuery(query: z.ZodType, schemas: Map<string, unknown>): Json[] {
  const { properties = {}, required } = printSchema(query, 'input', schemas) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    ...{ name, in: 'query', required: required?.includes(name) ?? false },
    schema,
  }));
}

/** A schema as JSON Schema; named pieces go among the components. */
function printSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Map<string, unknown>): unknown {
  const printed = z.toJSONSchema(schema, { metadata: named, io, unrepresentable: 'any' });
  const { $defs = {}, $schema: _, ...own } = withReferences(printed);
  for (const [name, piece] of Object.entries($defs)) schemas.set(name, piece);
  const name = named.get(schema)?.id;
  if (name === undefined) return own;
  schemas.set(name, own);
  return { $ref: `#/components/schemas/${name}` };
}

function withReferences(printed: object): Json & { $defs?: Record<string, unknown> } {
  return JSON.parse(JSON.stringify(printed).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
