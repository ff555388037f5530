/** The two sides of the comparison as a citizen's browser meets them: where they answer, and what their pages ask. */
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { type App, authorizePath, unexpected } from './apps.ts';
import { Browser, type Cookies } from './browser.ts';
import type { Answer, HttpConnection } from './http-connection.ts';
import { type Person, password } from './people.ts';
import type { ServerProcess } from './processes.ts';

/** How a citizen proves who they are. */
export type Way = 'passkey' | 'password';

/** One side. */
export interface Target {
  readonly name: 'lawang' | 'bare';
  readonly server: ServerProcess;
  /** Does what the page at `path` asks. @returns the answer to the form */
  readonly answerPage: (browser: Browser, path: string, person: Person, way: Way) => Promise<Answer>;
}

/** Lawang: a sign-in page and, where no consent is on record, a consent page. */
export function lawangTarget(server: ServerProcess): Target {
  return {
    name: 'lawang',
    server,
    async answerPage(browser, path, person, way) {
      const page = await browser.get(path);
      if (page.status !== 200) throw unexpected(path, page);
      const isConsent = page.body.includes('id="consent-allow"');
      const form = isConsent ? consentForm(page.body) : signInForm(page.body, person, way, server.origin);
      return browser.post(path, form);
    },
  };
}

function consentForm(page: string): URLSearchParams {
  const form = hiddenFields(page);
  form.set('action', 'allow');
  for (const [, claim = ''] of page.matchAll(/name="claim" value="([^"]*)"/g)) form.append('claim', claim);
  return form;
}

function signInForm(page: string, person: Person, way: Way, origin: string): URLSearchParams {
  const form = hiddenFields(page);
  form.set('action', way === 'passkey' ? 'passkey' : 'sign-in');
  if (way === 'passkey') {
    const json = /id="passkey-options">([^<]*)</.exec(page)?.[1] ?? '';
    const options = JSON.parse(json) as PublicKeyCredentialRequestOptionsJSON;
    form.set('credential', JSON.stringify(person.device.get(options, { origin })));
  } else {
    form.set('identifier', person.identifier);
    form.set('password', password);
  }
  return form;
}

/** What a page sends along without asking. */
export function hiddenFields(page: string): URLSearchParams {
  const form = new URLSearchParams();
  const fields = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  for (const [, name = '', value = ''] of fields) form.append(name, value);
  return form;
}

/** The bare library: two interactions, each finished by one request. */
export function bareTarget(server: ServerProcess): Target {
  return {
    name: 'bare',
    server,
    answerPage: (browser, path, person, way) =>
      browser.post(path, new URLSearchParams({ account: person.accountId, ...(way === 'password' && { password }) })),
  };
}

/** An authorization request on its way. */
export interface Request {
  readonly app: App;
  readonly scope: string;
  readonly prompt?: string;
  readonly person: Person;
  readonly way: Way;
  /** The browser's; a fresh one when absent. */
  readonly cookies?: Cookies;
}

/** What the browser brings to the app. */
export interface Arrival {
  readonly code: string;
  /** How many were answered on the way. */
  readonly pages: number;
}

const MOST_HOPS = 12;

/** Opens `/authorize`, answers every page that comes, and stops at the app. @throws when no code arrives */
export async function authorize(target: Target, connection: HttpConnection, request: Request): Promise<Arrival> {
  const browser = new Browser(connection, target.server.origin, request.cookies);
  let answer = await browser.get(authorizePath(request.app, request.scope, request.prompt));
  let pages = 0;
  for (let hops = 0; hops < MOST_HOPS; hops += 1) {
    const location = locationOf(answer, target.server.origin);
    if (location.startsWith(request.app.redirectUri)) return { code: codeOf(location, answer), pages };
    if (location.startsWith('/interaction/')) {
      answer = await target.answerPage(browser, location, request.person, request.way);
      pages += 1;
    } else answer = await browser.get(location);
  }
  throw new Error('the redirects do not end');
}

function locationOf(answer: Answer, origin: string): string {
  const { status, location } = answer;
  if (status < 300 || status >= 400 || location === undefined) throw unexpected('a step of /authorize', answer);
  return location.startsWith(origin) ? location.slice(origin.length) : location;
}

function codeOf(location: string, answer: Answer): string {
  const code = /[?&]code=([^&]+)/.exec(location)?.[1];
  if (!code) throw unexpected('/authorize', answer);
  return code;
}
