/**
 * Discovery and the key set (OpenID Connect Discovery §4, RFC 8414 §3, RFC 7517 §5): the same for everybody until the
 * signing keys change, so the engine writes them once and they are answered as bytes in front of everything else.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Context, Middleware } from 'koa';
import { newReference } from '#src/base/log.ts';
import type { Provider } from '#src/oidc/provider.ts';
import type { OpenHouse } from './house.ts';
import { noteAnswer } from './middleware/request-log.ts';

const paths: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/jwks',
]);

/** How long relying parties may keep the metadata; the key set says so for itself. */
const METADATA_SECONDS = 300;

interface Kept {
  readonly body: Buffer;
  readonly etag: string;
  readonly headers: OutgoingHttpHeaders;
}

export class Documents {
  readonly #house: OpenHouse;
  readonly #kept = new Map<string, Kept>();
  #writtenBy: Provider | undefined;

  constructor(house: OpenHouse) {
    this.#house = house;
  }

  /** Answers from what is kept. A request from another origin is the engine's to judge. @returns whether it did */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', method, headers } = request;
    const kept = method === 'GET' && headers.origin === undefined ? this.#find(url) : undefined;
    if (!kept) return false;
    const started = process.hrtime.bigint();
    const reference = newReference();
    const isKnown = headers['if-none-match'] === kept.etag;
    const status = isKnown ? 304 : 200;
    const length = isKnown ? {} : { 'Content-Length': kept.body.length };
    response.writeHead(status, { ...kept.headers, ...length, 'Request-Reference': reference });
    response.end(isKnown ? undefined : kept.body);
    noteAnswer(this.#house.log, { reference, method: 'GET', path: url, status, started });
    return true;
  }

  /** Keeps what the engine has answered. Put around it. */
  readonly keep: Middleware = (ctx, next) =>
    ctx.method === 'GET' && paths.has(ctx.url) ? this.#keepAnswer(ctx, next) : next();

  async #keepAnswer(ctx: Context, next: () => Promise<unknown>): Promise<void> {
    const writer = this.#house.provider;
    await next();
    if (ctx.status !== 200) return;
    const body = Buffer.from(JSON.stringify(ctx.body));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    ctx.set('ETag', etag);
    if (!ctx.response.get('Cache-Control')) ctx.set('Cache-Control', `public, max-age=${METADATA_SECONDS}`);
    if (ctx.get('Origin') || writer !== this.#house.provider) return;
    const { 'request-reference': _r, 'content-length': _l, ...headers } = ctx.response.headers;
    this.#forgetOthers(writer);
    this.#kept.set(ctx.url, { body, etag, headers });
  }

  #find(url: string): Kept | undefined {
    return this.#writtenBy === this.#house.provider ? this.#kept.get(url) : undefined;
  }

  #forgetOthers(writer: Provider): void {
    if (this.#writtenBy !== writer) this.#kept.clear();
    this.#writtenBy = writer;
  }
}
