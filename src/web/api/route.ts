/**
 * What a route of the API is: one entry of a table from which the router, the OpenAPI document and the test that they
 * agree are made (`routes.ts`).
 */
import type { Context } from 'koa';
import type { z } from 'zod';
import type { Db } from '#src/base/database.ts';
import type { ApiCaller } from '#src/oidc/api-callers.ts';
import type { ApiScope } from '#src/registry/api-scopes.ts';
import type { HeldRole } from '#src/registry/authority.ts';
import type { OpenHouse } from '../house.ts';

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One call whose caller, query and body have been checked. */
export interface ApiCall<Query = unknown, Body = unknown> {
  readonly ctx: Context;
  readonly house: OpenHouse;
  readonly db: Db;
  readonly caller: ApiCaller;
  /** What the caller is at which agency; `registry/authority.ts` says what that allows. */
  readonly held: readonly HeldRole[];
  /** Who answers for what is done: the machine. */
  readonly actor: string;
  readonly query: Query;
  readonly body: Body;
  /** The bytes that were sent, where a route takes a file. */
  readonly file: Buffer;
  /** The version that `If-Match` names; undefined where it need not. */
  readonly ifNumber: number | undefined;
  /** What varies in the address. */
  param(name: string): string;
}

/** What a route answers with, beside its status. */
export interface ApiAnswer {
  readonly body?: object | undefined;
  /** Only where it differs from the route's own. */
  readonly status?: number | undefined;
  /** The number of the version that `body` is, for `ETag`. */
  readonly number?: number | undefined;
  /** Below the API's address. */
  readonly location?: string | undefined;
}

/** One page of a list; `next` is where the one behind it begins. */
export interface ApiPage<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

interface Described {
  readonly method: ApiMethod;
  /** Below the API's address; `:name` stands for what varies. */
  readonly path: string;
  /** `operationId`: a verb and a noun. */
  readonly id: string;
  readonly summary: string;
  /** What a caller needs to know beyond the summary. */
  readonly description?: string;
  /** Without it the token opens nothing; at the agency concerned the caller's role has to allow the same. */
  readonly scope: ApiScope;
  /** Whether the caller says by `If-Match` which version it changes: always, or where it wants to. */
  readonly isConditional?: 'always' | 'at-will';
  /** Whether the answer has the number of a version as its `ETag`. */
  readonly isVersioned?: boolean;
  /** A file that is sent as it is, instead of JSON; read into memory. */
  readonly file?: { readonly type: string; readonly limit: number };
  readonly status: 200 | 201 | 202 | 204;
  /** Other statuses of success. */
  readonly alsoAnswers?: Readonly<Record<number, string>>;
}

interface Definition<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType> extends Described {
  readonly query?: Query;
  readonly body?: Body;
  readonly answer?: Answer;
  /** What takes its time, such as asking servers of others: before the request's transaction begins. */
  prepare?(call: ApiCall<z.output<Query>, z.output<Body>>): Promise<void>;
  carryOut(
    call: ApiCall<z.output<Query>, z.output<Body>>,
  ): Promise<ApiAnswer & ([Answer] extends [never] ? unknown : { body?: z.input<Answer> })>;
}

/** A route as the router and the document see it. */
export interface ApiRoute extends Described {
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answer?: z.ZodType;
  /** Only of lists, whose answer `carryOut` does not make. */
  readonly list?: ListPart;
  prepare?(call: ApiCall): Promise<void>;
  carryOut(call: ApiCall): Promise<ApiAnswer>;
}

/** A route with one answer. */
export function route<
  Query extends z.ZodType = z.ZodUnknown,
  Body extends z.ZodType = z.ZodUnknown,
  Answer extends z.ZodType = z.ZodUnknown,
>(definition: Definition<Query, Body, Answer>): ApiRoute {
  // Query and body have been through the schemas that give them their types.
  return definition as unknown as ApiRoute;
}

interface ListDefinition<Query extends z.ZodType, Item extends z.ZodType>
  extends Omit<Described, 'method' | 'status' | 'isConditional' | 'file'> {
  /** What narrows the list; `after` and `limit` are every list's. */
  readonly query?: Query;
  readonly item: Item;
  /** Entries behind `after`, which an earlier page has named as `next`; at most `limit`. */
  page(
    call: ApiCall<z.output<Query>>,
    after: string | undefined,
    limit: number,
  ): Promise<ApiPage<z.input<Item> & object>>;
}

/** The part of a list that makes its pages. */
export interface ListPart {
  readonly item: z.ZodType;
  page(call: ApiCall, after: string | undefined, limit: number): Promise<ApiPage<object>>;
}

/** A route that answers with a list: page by page with `Link`, or the whole as csv. */
export function listRoute<Item extends z.ZodType, Query extends z.ZodType = z.ZodUnknown>(
  definition: ListDefinition<Query, Item>,
): ApiRoute {
  const { item, page, ...described } = definition;
  return {
    ...described,
    method: 'GET',
    status: 200,
    list: { item, page: page as ListPart['page'] },
    carryOut: () => Promise.resolve({}),
  };
}
