/**
 * Citizens in the middle of their day: signed in, with a few apps that they have opened before. What the measured flows
 * repeat is made here by real flows, so that a measured single sign-on is never the first visit of its app.
 */
import { type App, appAt, offlineScope, redeem, signInScope } from './apps.ts';
import { Cookies } from './browser.ts';
import { HttpConnection } from './http-connection.ts';
import type { Person } from './people.ts';
import { eachOf, Pool } from './pool.ts';
import { authorize, type Target } from './targets.ts';

/** One citizen with a session at one side. */
export interface Visitor {
  readonly person: Person;
  readonly cookies: Cookies;
  /** Opened and allowed before. */
  readonly apps: readonly App[];
  /** Counts visits, so that each goes to the next app. */
  visits: number;
}

/** A citizen's token at an app. */
export interface Held {
  readonly app: App;
  token: string;
}

const MOST_APPS = 8;
const SET_UP_WIDTH = 16;

/** Which apps the n-th of so many people uses: neighbours in the list, so that together they use as many as they can. */
function appsOf(n: number, people: number, clients: number): App[] {
  const each = Math.min(MOST_APPS, clients, Math.ceil(clients / people));
  return Array.from({ length: each }, (_, index) => appAt(((n * each + index) % clients) + 1));
}

/** Who comes, and which apps they use. */
export interface Guest {
  readonly person: Person;
  readonly apps: readonly App[];
}

/** Everybody with apps of their own. */
export function guestsOf(people: readonly Person[], clients: number): Guest[] {
  return people.map((person, n) => ({ person, apps: appsOf(n, people.length, clients) }));
}

/** Signs everybody in and opens each one's apps once, with consent. */
export async function openVisitors(target: Target, guests: readonly Guest[]): Promise<Visitor[]> {
  const visitors = guests.map((guest) => ({ ...guest, cookies: new Cookies(), visits: 0 }));
  await onConnections(target, visitors, async (connection, visitor) => {
    for (const app of visitor.apps) await visit(target, connection, visitor, app);
  });
  return visitors;
}

/** One visit of an app by somebody with a session; a sign-in where there is none. @returns the tokens of the app */
export async function visit(target: Target, connection: HttpConnection, visitor: Visitor, app: App, offline = false) {
  const { person, cookies } = visitor;
  const asked = offline ? { scope: offlineScope, prompt: 'consent' } : { scope: signInScope };
  const { code } = await authorize(target, connection, { app, person, cookies, way: 'passkey', ...asked });
  return redeem(connection, app, code);
}

/** A fresh token for everybody, access or refresh. */
export async function holdTokens(
  target: Target,
  visitors: readonly Visitor[],
  kind: 'access' | 'refresh',
): Promise<Pool<Held>> {
  const held: Held[] = [];
  await onConnections(target, visitors, async (connection, visitor) => {
    const app = nextApp(visitor);
    const tokens = await visit(target, connection, visitor, app, kind === 'refresh');
    const token = kind === 'refresh' ? tokens.refresh_token : tokens.access_token;
    if (!token) throw new Error('no refresh token came');
    held.push({ app, token });
  });
  return new Pool(held);
}

/** Goes round the apps of a visitor. */
export function nextApp(visitor: Visitor): App {
  const app = visitor.apps[visitor.visits % visitor.apps.length];
  visitor.visits += 1;
  if (!app) throw new Error('a visitor without apps');
  return app;
}

async function onConnections<T>(
  target: Target,
  all: readonly T[],
  work: (connection: HttpConnection, one: T) => Promise<void>,
): Promise<void> {
  await eachOf(all, SET_UP_WIDTH, async (one) => {
    const connection = await HttpConnection.open(target.server.port);
    await work(connection, one).finally(() => connection.close());
  });
}
