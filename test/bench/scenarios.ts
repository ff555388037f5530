/** What is measured on both sides: one flow each, checked at every answer. */
import {
  type App,
  appAt,
  introspect,
  readDocument,
  readUserinfo,
  redeem,
  refresh,
  requestMachineToken,
  signInScope,
} from './apps.ts';
import type { HttpConnection } from './http-connection.ts';
import { Pool } from './pool.ts';
import { authorize, type Target, type Way } from './targets.ts';
import { holdTokens, nextApp, type Visitor, visit } from './visitors.ts';

/** One flow from its first request to its last answer. @throws when an answer is not what it should be */
export type Flow = (connection: HttpConnection) => Promise<void>;

/** What a scenario may use. */
export interface Stage {
  readonly target: Target;
  /** Everybody, signed in; made when first asked for. */
  readonly visitors: () => Promise<readonly Visitor[]>;
  readonly clients: number;
}

/** Makes what its flow needs and hands out the flow. */
export type Scenario = (stage: Stage) => Promise<Flow>;

/** In the order of the table. */
export const comparisons: Readonly<Record<string, Scenario>> = {
  discovery: async () => (connection) =>
    readDocument(connection, '/.well-known/openid-configuration', '"authorization_endpoint":'),
  jwks: async () => (connection) => readDocument(connection, '/jwks', '"keys":'),
  'client-credentials': async () => (connection) => requestMachineToken(connection),
  introspection: async ({ target, visitors }) => {
    const tokens = await holdTokens(target, await visitors(), 'access');
    return (connection) => tokens.use(({ app, token }) => introspect(connection, app, token));
  },
  userinfo: async ({ target, visitors }) => {
    const tokens = await holdTokens(target, await visitors(), 'access');
    return (connection) => tokens.use(({ token }) => readUserinfo(connection, token));
  },
  refresh: async ({ target, visitors }) => {
    const tokens = await holdTokens(target, await visitors(), 'refresh');
    return (connection) =>
      tokens.use(async (held) => {
        held.token = (await refresh(connection, held.app, held.token)).refresh_token ?? '';
      });
  },
  sso: singleSignOn,
  'sso-userinfo': (stage) => singleSignOn(stage, readUserinfo),
  'sign-in-passkey': (stage) => signIn(stage, 'passkey', repeated(stage)),
  'first-sign-in-passkey': (stage) => signIn(stage, 'passkey', neverBefore(stage)),
  'sign-in-password': signInByPassword,
};

export const comparisonNames: readonly string[] = Object.keys(comparisons);

type After = (connection: HttpConnection, accessToken: string) => Promise<void>;

/** `/authorize` with a session and a consent on record, then `/token`, then `after`. */
export async function singleSignOn({ target, visitors }: Stage, after?: After): Promise<Flow> {
  const pool = new Pool(await visitors());
  return (connection) =>
    pool.use(async (visitor) => {
      const tokens = await visit(target, connection, visitor, nextApp(visitor));
      await after?.(connection, tokens.access_token);
    });
}

/** The whole sign-in with a password, which costs an argon2id on both sides. */
export function signInByPassword(stage: Stage): Promise<Flow> {
  return signIn(stage, 'password', repeated(stage));
}

/** To which app somebody signs in, and how many pages must come. */
interface Destination {
  readonly next: (visitor: Visitor) => App;
  readonly pages: number;
}

/** An app that was allowed before. The bare library remembers that in the session alone, so it asks again. */
function repeated({ target }: Stage): Destination {
  return { next: nextApp, pages: target.name === 'lawang' ? 1 : 2 };
}

/** An app that the person has never opened. */
function neverBefore({ clients }: Stage): Destination {
  const seen = new Map<Visitor, number>();
  const next = (visitor: Visitor) => {
    const first = Number(visitor.apps[0]?.id.slice('layanan-'.length));
    const step = (seen.get(visitor) ?? 0) + visitor.apps.length;
    if (step >= clients) throw new Error('everybody has opened every app: raise --clients');
    seen.set(visitor, step - visitor.apps.length + 1);
    return appAt(((first - 1 + step) % clients) + 1);
  };
  return { next, pages: 2 };
}

/** A fresh browser through the whole sign-in, then `/token` and `/userinfo`. */
async function signIn({ target, visitors }: Stage, way: Way, { next, pages }: Destination): Promise<Flow> {
  const pool = new Pool(await visitors());
  return (connection) =>
    pool.use(async (visitor) => {
      const app = next(visitor);
      const arrival = await authorize(target, connection, { app, scope: signInScope, person: visitor.person, way });
      if (arrival.pages !== pages) throw new Error(`${arrival.pages} pages came instead of ${pages}`);
      const tokens = await redeem(connection, app, arrival.code);
      await readUserinfo(connection, tokens.access_token);
    });
}
