/**
 * A small app of an agency with "Masuk dengan Lawang": a page, a callback, a way out, and a session of its own.
 * The sign-in itself is in `sign-in.ts`, what the provider tells by itself in `back-channel.ts` and `hearing.ts`, the sessions in
 * `sessions.ts`, what people see in `pages.ts`.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type AppEvent, BackChannel } from './back-channel.ts';
import { hearEvent, hearLogout } from './hearing.ts';
import type { Html } from './html.ts';
import { homePage, type Language, type Look, problemPage, signedOutPage, type Trouble } from './pages.ts';
import { keepAttempt, type Notice, type Session, Sessions, takeAttempt } from './sessions.ts';
import { isUnreachable, readSignInSettings, refusalOf, SignIn, type SignInSettings, type Tokens } from './sign-in.ts';

/** What makes one app different from another. */
export interface SampleApp {
  clientId: string;
  scope: string;
  port: number;
  look: Look;
  /** The file of its style sheet. */
  style: URL;
}

/** What is known about a request. */
interface Visit {
  query: URLSearchParams;
  session: Session | undefined;
  language: Language;
}

/** What a route answers: a page, or where to go next; `session` is set when the browser gets another one or none. */
interface Answer {
  status: number;
  page?: Html;
  location?: string;
  session?: Session | null;
}

/** Gets one line about what went wrong, or what the agency is to do; nothing personal, no secret. */
export type Log = (line: string) => void;

/** What answers the requests of an app; nothing is asked of the provider before the first sign-in. */
export function createSampleApp(app: SampleApp, settings: SignInSettings, log: Log): RequestListener {
  const signIn = new SignIn(settings);
  const sessions = new Sessions();
  const { issuer, clientId } = settings;
  const backChannel = new BackChannel({ issuer, clientId, findKeysUri: () => signIn.findKeysUri() });
  const style = readFileSync(app.style);
  const secure = settings.redirectUri.startsWith('https:');
  const cookies = {
    session: `${secure ? '__Host-' : ''}${app.clientId}-session`,
    language: `${app.clientId}-language`,
  };

  const routes: Record<string, (visit: Visit) => Answer | Promise<Answer>> = {
    'GET /': showHome,
    'GET /sign-in': startSignIn,
    'GET /callback': finishSignIn,
    'POST /sign-out': signOut,
    'GET /signed-out': ({ language }) => ({ status: 200, page: signedOutPage(app.look, language) }),
  };

  const hearing: Record<string, RequestListener> = {
    'POST /backchannel-logout': hearLogout(backChannel, (logout) => sessions.signOut(logout)),
    'POST /events': hearEvent(backChannel, heed),
  };

  /** What ends the permission, or the account, ends the session here as well, with a better word than "signed out". */
  function heed({ type, subject, withdrawals }: AppEvent): void {
    const notice = noticeOf[type];
    if (notice && subject !== undefined) {
      sessions.signOut({ subject, sid: undefined });
      sessions.explain(subject, notice);
    }
    for (const id of withdrawals)
      log(`${app.clientId}: ${type}: say within 3 x 24 hours what became of the data (withdrawal ${id})`);
  }

  /** Every view asks the provider anew, for an app that no logout token reaches: what ended is noticed at once all the same. */
  async function showHome({ session, language }: Visit): Promise<Answer> {
    const show = (state: Parameters<typeof homePage>[2]) => ({
      status: 200,
      page: homePage(app.look, language, state),
    });
    if (!session?.tokens) return show({ notice: session?.notice });
    const { tokens, person: known } = session;
    const person = await signIn.ask(tokens).catch((error: unknown) => {
      if (!known || !isUnreachable(error)) throw error;
      return 'unknown' as const;
    });
    if (person === 'unknown') return show({ person: known, notice: 'unreachable' });
    if (person) {
      session.person = person;
      return show({ person });
    }
    // Tokens that were never accepted are not renewed: a silent sign-in follows a good answer only, so it cannot go round.
    return known ? beginSignIn(session, language, tokens) : endSession(session, 'session-ended');
  }

  /**
   * By the button here, or from a portal, which says by `iss` whose sign-in it wants (OpenID Connect Core §4): another provider's
   * is none of ours. Where to go afterwards is never taken from the address.
   */
  async function startSignIn({ query, session, language }: Visit): Promise<Answer> {
    if (query.getAll('iss').some((issuer) => issuer !== settings.issuer))
      return { status: 400, page: problemPage(app.look, language, 'other-issuer') };
    return beginSignIn(session, language);
  }

  async function beginSignIn(session: Session | undefined, language: Language, renewing?: Tokens): Promise<Answer> {
    const { url, attempt } = await signIn.begin(language, renewing);
    const kept = session ?? sessions.begin();
    keepAttempt(kept, attempt);
    return { status: 303, location: url.href, session: kept };
  }

  async function finishSignIn({ query, session, language }: Visit): Promise<Answer> {
    const attempt = takeAttempt(session, query.get('state'));
    if (!session || !attempt) return { status: 400, page: problemPage(app.look, language, 'stale') };
    try {
      const tokens = await signIn.finish(query, attempt);
      const isSomeoneElse = attempt.silent && tokens.subject !== session.tokens?.subject;
      return isSomeoneElse ? endSession(session, 'signed-out-elsewhere') : beginSession(session, tokens);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal && attempt.silent) return endSession(session, whyEnded[refusal] ?? 'session-ended');
      if (refusal !== 'access_denied') throw error;
      session.notice = 'refused';
      return { status: 303, location: '/' };
    }
  }

  /** A new session for whoever signed in: the id that the browser had before is worth nothing any more. */
  function beginSession(old: Session, tokens: Tokens): Answer {
    sessions.end(old);
    const session = sessions.begin(old.attempts);
    session.tokens = tokens;
    return { status: 303, location: '/', session };
  }

  /** Back to the front page, signed out here, with a sentence that says why. */
  function endSession(old: Session, notice: Notice): Answer {
    sessions.end(old);
    const session = sessions.begin(old.attempts);
    session.notice = notice;
    return { status: 303, location: '/', session };
  }

  /** First here, then at the provider, which sends the browser to `/signed-out`. */
  async function signOut({ session }: Visit): Promise<Answer> {
    sessions.end(session);
    const location = session?.tokens ? (await signIn.signOutUrl(session.tokens)).href : '/signed-out';
    return { status: 303, location, session: null };
  }

  async function answer(visit: Visit, method: string | undefined, path: string | undefined): Promise<Answer> {
    const route = routes[`${method === 'HEAD' ? 'GET' : method} ${path}`];
    if (!route) return { status: 404, page: problemPage(app.look, visit.language, 'not-found') };
    try {
      return await route(visit);
    } catch (error) {
      const [status, trouble, code] = troubleOf(error);
      log(`${app.clientId}: ${trouble}: ${code ?? (error instanceof Error ? error.message : 'unknown')}`);
      return { status, page: problemPage(app.look, visit.language, trouble, code) };
    }
  }

  /** Headers of any careful app. The provider stands in `form-action` because signing out leads there. */
  function send(response: ServerResponse, { status, page, location, session }: Answer): void {
    if (session) setCookie(response, `${cookies.session}=${session.id}; HttpOnly`);
    if (session === null) setCookie(response, `${cookies.session}=; HttpOnly; Max-Age=0`);
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'self'; form-action 'self' ${new URL(settings.issuer).origin}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      ...(location && { location }),
    });
    response.end(page?.text);
  }

  function setCookie(response: ServerResponse, cookie: string): void {
    response.appendHeader('set-cookie', `${cookie}; Path=/; SameSite=Lax${secure ? '; Secure' : ''}`);
  }

  return async (request, response) => {
    const url = URL.parse(`http://localhost${request.url}`);
    const hear = hearing[`${request.method} ${url?.pathname}`];
    if (hear) return hear(request, response);
    request.resume();
    if (url?.pathname === '/style.css') {
      response.writeHead(200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=300' }).end(style);
      return;
    }
    const sent = readCookies(request);
    const query = url?.searchParams ?? new URLSearchParams();
    const wish = query.get('lang');
    const language = (wish ?? sent.get(cookies.language)) === 'en' ? 'en' : 'id';
    if (wish) setCookie(response, `${cookies.language}=${language}; Max-Age=31536000`);
    const visit: Visit = { query, language, session: sessions.find(sent.get(cookies.session)) };
    send(response, await answer(visit, request.method, url?.pathname));
  };
}

/**
 * A server that listens; the app is attached as its `request` listener.
 *
 * @throws the error of a taken port: `code: 'EADDRINUSE'` and `port`
 */
export function openServer(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ maxHeaderSize: MOST_HEADER_BYTES }).on('clientError', refuseUnreadable);
    server.once('error', reject).listen(port, host, () => resolve(server.off('error', reject)));
  });
}

const MOST_HEADER_BYTES = 16 * 1024;

/** Requests that are no HTTP, or whose address and headers are too long, never reach a route. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable) return;
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const text = 'Permintaan ini tidak dapat dibaca. / This request cannot be read.';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n${text}\n`);
}

/** Why a silent sign-in found that the session here is over. OpenID Connect Core §3.1.2.6. */
const whyEnded: Readonly<Record<string, Notice>> = {
  login_required: 'signed-out-elsewhere',
  consent_required: 'permission-ended',
  interaction_required: 'permission-ended',
};

/** Which events end sessions, and what the person is told. */
const noticeOf: Readonly<Record<string, Notice>> = {
  'consent-withdrawn': 'permission-ended',
  'service-left': 'permission-ended',
  'consent-ended-underage': 'permission-ended',
  'permission-expired': 'permission-ended',
  'release-reported': 'permission-ended',
  'account-disabled': 'session-ended',
  'account-purged': 'session-ended',
};

/** Status, kind and, where the provider gave one, the code of what went wrong. */
function troubleOf(error: unknown): [number, Trouble, string?] {
  const refusal = refusalOf(error);
  if (refusal) return [502, 'provider-refused', refusal];
  return isUnreachable(error) ? [503, 'unreachable'] : [502, 'not-trusted'];
}

function readCookies(request: IncomingMessage): Map<string, string> {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair): [string, string] => {
    const cut = pair.indexOf('=');
    return [pair.slice(0, cut).trim(), pair.slice(cut + 1).trim()];
  });
  return new Map(pairs);
}

/**
 * Runs one app by itself, where its redirect URI leads.
 *
 * @param file has the four variables of its registration; those in the environment come first
 */
export async function runSampleApp(app: SampleApp, file: URL): Promise<void> {
  process.loadEnvFile(file);
  const settings = readSignInSettings(process.env);
  const { origin, port } = new URL(settings.redirectUri);
  const log: Log = (line) => process.stdout.write(`${line}\n`);
  const server = await openServer(Number(port) || app.port, '127.0.0.1');
  const signedOutUri = `${origin}/signed-out`;
  server.on('request', createSampleApp(app, { ...settings, scope: app.scope, signedOutUri }, log));
  log(`${app.look.name}: ${origin}`);
}
