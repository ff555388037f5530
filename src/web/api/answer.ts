/** How a route of the API is answered: who calls, what was sent, once, and in which form. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { z } from 'zod';
import { Refusal, type RefusedContent } from '#src/base/refusals.ts';
import { admitCaller } from '#src/oidc/api-callers.ts';
import { proofAlgorithms } from '#src/oidc/proofs.ts';
import { claimRequest, type KeptAnswer, keepAnswer, type OnceRequest } from '#src/registry/api-requests.ts';
import { apiAddress, permissionsOf } from '#src/registry/api-scopes.ts';
import { CSV_BATCH, sendCsv } from '../csv.ts';
import type { OpenHouse } from '../house.ts';
import { readBytes } from '../middleware/forms.ts';
import { readJson } from '../middleware/json.ts';
import type { ApiAnswer, ApiCall, ApiRoute, ListPart } from './route.ts';

/** Answers one call. @throws {Refusal} with `WWW-Authenticate` already said where a token is missing or not enough */
export async function answerRoute(ctx: Context, house: OpenHouse, route: ApiRoute): Promise<void> {
  ctx.state.route = `/api/v1${route.path}`;
  ctx.set('Cache-Control', 'no-store');
  try {
    const { call, text } = await readCall(ctx, house, route);
    if (route.method !== 'GET') await house.throttles.take('api_change_by_machine', call.caller.client.id);
    await route.prepare?.(call);
    if (route.list) return await answerList(call, route, route.list);
    send(ctx, await carryOutOnce(call, route, text));
  } catch (error) {
    if (error instanceof Refusal) challenge(ctx, route, error);
    throw error;
  }
}

async function readCall(ctx: Context, house: OpenHouse, route: ApiRoute): Promise<{ call: ApiCall; text: string }> {
  const { issuer } = house.config;
  const caller = await admitCaller(
    { issuer, provider: house.provider, database: house.database, secrets: house.secrets },
    { method: ctx.method, path: ctx.path, authorization: ctx.get('Authorization'), proof: ctx.get('DPoP') },
  );
  if (!caller.scopes.has(route.scope)) throw new Refusal('scope_required', `without the scope ${route.scope}`);
  const query = check(querySchemaOf(route), ctx.query, 'query');
  const sent = await readSent(ctx, route);
  const body = route.body ? check(route.body, sent.value, 'body') : undefined;
  const { client } = caller;
  const call = {
    ...{ ctx, house, db: ctx.state.db, caller, query, body, file: sent.bytes ?? Buffer.alloc(0) },
    held: [{ agencyId: client.agencyId, role: 'machine', allows: permissionsOf(caller.scopes) }],
    actor: `client ${client.id}`,
    ifNumber: readIfMatch(ctx, route),
    param: (name: string) => String(ctx.params[name]),
  };
  return { call, text: sent.text };
}

/** What came with a request: its text says whether it is the same as another one. */
interface Sent {
  readonly value?: unknown;
  readonly bytes?: Buffer;
  readonly text: string;
}

/** @throws {Refusal} `content_type_unknown`, `body_too_large`, `invalid_request` */
async function readSent(ctx: Context, { body, file }: ApiRoute): Promise<Sent> {
  if (body) return readJson(ctx);
  if (!file) return { text: '' };
  if (!ctx.is(file.type)) throw new Refusal('content_type_unknown', `the body is not ${file.type}`);
  const bytes = await readBytes(ctx, file.limit);
  return { bytes, text: createHash('sha256').update(bytes).digest('hex') };
}

const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).optional(),
  after: z.string().min(1).max(1_000).optional(),
});

/** What the query of a route may say. */
export function querySchemaOf({ query, list }: ApiRoute): z.ZodType {
  const own = query instanceof z.ZodObject ? query : z.strictObject({});
  return list ? own.extend(listQuery.shape) : own;
}

/** What was sent, as its schema has it. @throws {Refusal} `content_invalid` */
export function check(schema: z.ZodType, value: unknown, where: 'query' | 'body'): unknown {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const findings = checked.error.issues.slice(0, 100).map((issue) => toContent(issue, where));
  throw new Refusal('content_invalid', `the ${where} is not as described`, { findings });
}

function toContent({ path, message }: z.core.$ZodIssue, where: 'query' | 'body'): RefusedContent {
  const pointer = where === 'query' ? path.join('.') : toPointer(path);
  return { pointer, detail: message, expected: 'what /api/v1/openapi.json says of it' };
}

/** RFC 6901 §3. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** @throws {Refusal} `precondition_required`; `version_conflict` for what can be no version's */
function readIfMatch(ctx: Context, { isConditional }: ApiRoute): number | undefined {
  const header = ctx.get('If-Match');
  if (!isConditional || (isConditional === 'at-will' && header === '')) return undefined;
  if (header === '') throw new Refusal('precondition_required', 'no If-Match');
  const [, number] = /^"(\d{1,9})"$/.exec(header) ?? [];
  if (number === undefined) throw new Refusal('version_conflict', 'If-Match names no version');
  return Number(number);
}

/** Carries a change out; with an `Idempotency-Key` only the first time. */
async function carryOutOnce(call: ApiCall, route: ApiRoute, text: string): Promise<KeptAnswer> {
  const { ctx, db, house } = call;
  const key = ctx.get('Idempotency-Key');
  if (route.method === 'GET' || key === '') return toKept(call, route, await route.carryOut(call));
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Refusal('invalid_request', 'Idempotency-Key is not 1 to 255 visible characters');
  const content = [ctx.method, ctx.originalUrl, ctx.get('If-Match'), text].join('\0');
  const request: OnceRequest = { actor: call.actor, key, content };
  const before = await claimRequest(db, house.secrets, request);
  if (before) {
    ctx.set('Idempotency-Replayed', 'true');
    return before;
  }
  const answer = toKept(call, route, await route.carryOut(call));
  await keepAnswer(db, house.secrets, request, answer);
  return answer;
}

function toKept({ house }: ApiCall, route: ApiRoute, answer: ApiAnswer): KeptAnswer {
  const { body, number, location, status = route.status } = answer;
  const headers = {
    ...(number !== undefined && { ETag: `"${number}"` }),
    ...(location !== undefined && { Location: `${apiAddress(house.config.issuer)}${location}` }),
  };
  return { status, headers, body };
}

function send(ctx: Context, { status, headers, body }: KeptAnswer): void {
  ctx.set(headers);
  ctx.status = status;
  if (ctx.method === 'GET' && headers.ETag !== undefined && ctx.get('If-None-Match') === headers.ETag) {
    ctx.status = 304;
    return;
  }
  if (body === undefined) ctx.body = null;
  else sendJson(ctx, body);
  ctx.status = status;
}

function sendJson(ctx: Context, body: object): void {
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}

const PAGE = 50;

async function answerList(call: ApiCall, route: ApiRoute, list: ListPart): Promise<void> {
  const { ctx } = call;
  ctx.vary('Accept');
  const { after, limit = PAGE } = call.query as z.output<typeof listQuery>;
  if (ctx.accepts('json', 'csv') === 'csv') return sendList(call, route, list, after);
  const { items, next } = await list.page(call, after, limit);
  if (next !== undefined) ctx.set('Link', `<${addressOfPage(ctx, call.house, next)}>; rel="next"`);
  sendJson(ctx, { items });
}

/** The same request, from the next entry on (RFC 8288). */
export function addressOfPage(ctx: Context, { config }: OpenHouse, after: string): string {
  const address = new URL(`${config.issuer}${ctx.path}${ctx.search}`);
  address.searchParams.set('after', after);
  return address.href;
}

/** All that is behind `after`, read and sent piece by piece. The first is read before anything is said. */
async function sendList(call: ApiCall, route: ApiRoute, list: ListPart, after: string | undefined): Promise<void> {
  const first = await list.page(call, after, CSV_BATCH);
  const columns = list.item instanceof z.ZodObject ? Object.keys(list.item.shape) : [];
  // What follows is read after the request's unit of work is over.
  const later = { ...call, db: call.house.database };
  async function* rows() {
    let page = first;
    for (;;) {
      for (const item of page.items) yield columns.map((name) => toCell((item as Record<string, unknown>)[name]));
      if (page.next === undefined) return;
      page = await list.page(later, page.next, CSV_BATCH);
    }
  }
  await sendCsv(call.ctx, route.id, columns, rows());
}

function toCell(value: unknown): unknown {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(' ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** What kind of token would do (RFC 6750 §3, RFC 9449 §7.1). */
function challenge(ctx: Context, route: ApiRoute, { code }: Refusal): void {
  const algorithms = `algs="${proofAlgorithms.join(' ')}"`;
  const said: Partial<Record<Refusal['code'], string>> = {
    token_required: `Bearer, DPoP ${algorithms}`,
    token_invalid: `Bearer error="invalid_token", DPoP error="invalid_token", ${algorithms}`,
    proof_required: `DPoP error="invalid_token", ${algorithms}`,
    proof_invalid: `DPoP error="invalid_dpop_proof", ${algorithms}`,
    scope_required: `Bearer error="insufficient_scope", scope="${route.scope}"`,
  };
  const words = said[code];
  if (words !== undefined) ctx.set('WWW-Authenticate', words);
}
