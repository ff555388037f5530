/** `/register`: apps that register themselves (RFC 7591) and look after their registration (RFC 7592). */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import {
  changeRegistered,
  endRegistered,
  loadRegistered,
  type Metadata,
  registerDynamically,
} from '#src/registry/dynamic-registration.ts';
import type { OpenHouse } from './house.ts';
import { readJson } from './middleware/json.ts';

/** Registers an app for whoever has a token of its agency. */
export async function answerRegistration(ctx: Context, house: OpenHouse): Promise<void> {
  const { secrets, config } = house;
  const token = readBearer(ctx);
  const metadata = await readMetadata(ctx);
  const request = { token, metadata, mode: config.mode };
  const { client, secret, accessToken } = await registerDynamically(ctx.state.db, secrets, request);
  ctx.status = 201;
  send(ctx, {
    ...informationOf(house, client, accessToken),
    ...(secret && {
      client_secret: secret.secret,
      client_secret_expires_at: Math.floor(secret.expiresAt.getTime() / 1000),
    }),
  });
}

export async function showRegistration(ctx: Context, house: OpenHouse): Promise<void> {
  const { client, token } = await loadOwn(ctx, house);
  send(ctx, informationOf(house, client, token));
}

export async function changeRegistration(ctx: Context, house: OpenHouse): Promise<void> {
  const { client, token } = await loadOwn(ctx, house);
  const metadata = await readMetadata(ctx);
  if (metadata.client_id !== client.id) throw mistake('/client_id', 'is not the id of this app', client.id);
  const { mode } = house.config;
  const changed = await changeRegistered(ctx.state.db, house.secrets, client, { metadata, mode });
  send(ctx, {
    ...informationOf(house, changed.client, token),
    // What waits is not in force: the answer says what is (RFC 7592 §2.2).
    ...(changed.outcome === 'pending' && { pending_version: changed.number }),
  });
}

export async function endRegistration(ctx: Context, house: OpenHouse): Promise<void> {
  const { client } = await loadOwn(ctx, house);
  await endRegistered(ctx.state.db, client);
  ctx.status = 204;
}

async function loadOwn(ctx: Context, house: OpenHouse): Promise<{ client: ClientRecord; token: string }> {
  const token = readBearer(ctx);
  return { client: await loadRegistered(ctx.state.db, house.secrets, String(ctx.params.client), token), token };
}

/** @throws {Refusal} `registration_token_invalid` */
function readBearer(ctx: Context): string {
  const [, token] = /^bearer +([\w-]{1,100})$/i.exec(ctx.get('Authorization')) ?? [];
  if (token !== undefined) return token;
  throw new Refusal('registration_token_invalid', 'no bearer token');
}

async function readMetadata(ctx: Context): Promise<Metadata> {
  const { value } = await readJson(ctx);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata;
  throw mistake('', 'is no object', 'the metadata of one app');
}

function mistake(pointer: string, detail: string, expected: string): Refusal {
  return new Refusal('content_invalid', detail, { findings: [{ pointer, detail, expected }] });
}

/** Client information (RFC 7591 §3.2.1, RFC 7592 §3). A secret is told only when it is made. */
function informationOf({ config }: OpenHouse, client: ClientRecord, accessToken: string): object {
  return {
    ...declarationOf(client),
    migration_percentage: client.migrationPercentage,
    migration_plan: client.migrationPlan,
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    registration_client_uri: `${config.issuer}/register/${client.id}`,
    registration_access_token: accessToken,
  };
}

function send(ctx: Context, body: object): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}
