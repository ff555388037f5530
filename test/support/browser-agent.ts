/**
 * A browser without JavaScript and without a window: cookies, redirects, forms. What a citizen with an old phone uses,
 * and fast enough for hundreds of them at once.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CookieJar } from './cookie-jar.ts';
import { type Hop, Page, type Wanted } from './page.ts';

export { type Cookie, CookieJar } from './cookie-jar.ts';
export { type Hop, Page } from './page.ts';

/** What a server said. */
export interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

/** One request as given, no cookies, no redirects, no `Sec-Fetch-*`; for what no browser would send. */
export function exchange(
  url: URL | string,
  request: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const { method = 'GET', headers = {}, body } = request;
  return new Promise((resolve, reject) => {
    const outgoing = send(target, { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: headersOf(incoming.rawHeaders),
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < raw.length; i += 2) headers.append(raw[i] ?? '', raw[i + 1] ?? '');
  return headers;
}

const MOST_REDIRECTS = 20;

export interface BrowserOptions {
  /** `Accept-Language`. Default `id`. */
  language?: string;
  userAgent?: string;
  /** Sent with every request, for example `X-Forwarded-For`. */
  headers?: Record<string, string>;
  /** See {@link BrowserAgent.stopAt}. */
  stopAt?: readonly string[];
}

/** See the head of this file. One browser is one person's: it has one cookie jar. */
export class BrowserAgent {
  readonly cookies = new CookieJar();
  readonly #headers: Record<string, string>;
  readonly #stops = new Set<string>();

  constructor({ language = 'id', userAgent = 'test-browser', headers = {}, stopAt = [] }: BrowserOptions = {}) {
    this.#headers = { accept: 'text/html', 'accept-language': language, 'user-agent': userAgent, ...headers };
    this.stopAt(...stopAt);
  }

  /**
   * Where the browser shall stop without asking: an app's redirect URI that nobody serves. Query and fragment do not
   * count. The page that results has status 0; its `url`, and the form of its last hop, are what the app would have got.
   */
  stopAt(...addresses: readonly string[]): void {
    for (const address of addresses) this.#stops.add(bare(new URL(address)));
  }

  /** Opens an address and follows its redirects. */
  visit(url: URL | string): Promise<Page> {
    return this.#go({ method: 'GET', url: new URL(url) });
  }

  /** Sends a form that no page of this browser holds: a forged or a programmed one. */
  post(url: URL | string, form: Readonly<Record<string, string>>, origin?: string): Promise<Page> {
    const wanted = { method: 'POST' as const, url: new URL(url), form: new URLSearchParams(form) };
    return this.#go(origin === undefined ? wanted : { ...wanted, origin });
  }

  async #go(first: Wanted): Promise<Page> {
    const hops: Hop[] = [];
    for (let wanted = first; hops.length <= MOST_REDIRECTS; ) {
      const answer = this.#stops.has(bare(wanted.url)) ? nothing() : await this.#ask(wanted);
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null;
      hops.push({
        method: wanted.method,
        url: wanted.url,
        form: wanted.form,
        status: answer.status,
        location: location ?? undefined,
      });
      if (location === null) return new Page(hops, answer, (next) => this.#go(next));
      wanted = redirected(wanted, answer.status, location);
    }
    const way = hops.map(({ method, url, status }) => `${method} ${url.origin}${url.pathname} ${status}`);
    throw new Error(`more than ${MOST_REDIRECTS} redirects:\n${way.join('\n')}`);
  }

  async #ask(wanted: Wanted): Promise<Answer> {
    const { method, url, origin } = wanted;
    const headers = { ...this.#headers };
    const cookie = this.cookies.header(url);
    if (cookie) headers.cookie = cookie;
    if (origin) headers.origin = origin;
    const sent = await bodyOf(wanted);
    if (sent) {
      headers['content-type'] = sent.type;
      headers['content-length'] = String(sent.body.length);
    }
    const answer = await exchange(url, { method, headers, ...(sent && { body: sent.body }) });
    this.cookies.keep(url, answer.headers.getSetCookie());
    return answer;
  }
}

/** A form as it goes over the wire, with its files where it has any. */
async function bodyOf({ form, files }: Wanted): Promise<{ type: string; body: Buffer } | undefined> {
  if (!form) return undefined;
  if (!files) return { type: 'application/x-www-form-urlencoded', body: Buffer.from(form.toString()) };
  const parts = new FormData();
  for (const [name, value] of form) parts.append(name, files.get(name) ?? value);
  const encoded = new Response(parts);
  return { type: encoded.headers.get('content-type') ?? '', body: Buffer.from(await encoded.arrayBuffer()) };
}

/** Fetch §4.4: 303 always becomes GET, 301 and 302 make a GET of a POST, 307 and 308 repeat. */
function redirected(wanted: Wanted, status: number, location: string): Wanted {
  const url = new URL(location, wanted.url);
  if (!url.hash) url.hash = wanted.url.hash;
  return status === 307 || status === 308 ? { ...wanted, url } : { method: 'GET', url };
}

function nothing(): Answer {
  return { status: 0, headers: new Headers(), body: '' };
}

function bare(url: URL): string {
  return url.origin + url.pathname;
}
