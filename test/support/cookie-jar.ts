/** One stored cookie. RFC 6265 §5.3. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Sent to exactly this host, not to hosts below it. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: string | undefined;
  /** Milliseconds since 1970; undefined: until the browser closes. */
  readonly expires: number | undefined;
}

/**
 * Cookies as a browser keeps them (RFC 6265): by host and path, never by port, so that apps on one machine see each
 * other's. `SameSite` is kept but not acted on: everything counts as same-site. Loopback counts as secure.
 */
export class CookieJar {
  #cookies: Cookie[] = [];

  /** What is kept and not yet expired. */
  get all(): readonly Cookie[] {
    return this.#cookies.filter((cookie) => cookie.expires === undefined || cookie.expires > Date.now());
  }

  /** Keeps what an answer from `url` sets; a cookie with the same name, domain and path is replaced, an expired one removed. */
  keep(url: URL, setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const cookie = parseSetCookie(url, line);
      if (cookie) this.put(cookie);
    }
  }

  /** Puts a cookie in as it is: planted, altered or swapped ones too. */
  put(cookie: Cookie): void {
    const isSame = (other: Cookie) =>
      other.name === cookie.name && other.domain === cookie.domain && other.path === cookie.path;
    this.#cookies = [...this.#cookies.filter((other) => !isSame(other)), cookie];
  }

  /** The `Cookie` header for a request to `url`: longest path first. RFC 6265 §5.4. */
  header(url: URL): string | undefined {
    const sent = this.for(url).toSorted((one, other) => other.path.length - one.path.length);
    return sent.length > 0 ? sent.map(({ name, value }) => `${name}=${value}`).join('; ') : undefined;
  }

  /** The cookies that a request to `url` would carry. */
  for(url: URL): readonly Cookie[] {
    return this.all.filter(
      (cookie) =>
        (cookie.hostOnly ? url.hostname === cookie.domain : matchesDomain(url.hostname, cookie.domain)) &&
        matchesPath(url.pathname, cookie.path) &&
        (!cookie.secure || isSecure(url)),
    );
  }

  /** As at the end of a browser's day: session cookies go. */
  dropSessionCookies(): void {
    this.#cookies = this.#cookies.filter(({ expires }) => expires !== undefined);
  }

  clear(): void {
    this.#cookies = [];
  }
}

/** Undefined when a browser would ignore the line. RFC 6265 §5.2, prefixes by RFC 6265bis §4.1.3. */
function parseSetCookie(url: URL, line: string): Cookie | undefined {
  const [pair = '', ...parts] = line.split(';');
  const cut = pair.indexOf('=');
  const name = pair.slice(0, Math.max(cut, 0)).trim();
  if (!name) return undefined;
  const attributes = new Map(parts.map(splitAttribute));
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase();
  const path = attributes.get('path');
  const cookie: Cookie = {
    name,
    value: pair.slice(cut + 1).trim(),
    domain: domain || url.hostname,
    hostOnly: !domain,
    path: path?.startsWith('/') ? path : defaultPath(url.pathname),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: attributes.get('samesite')?.toLowerCase(),
    expires: expiry(attributes),
  };
  return isAcceptable(url, cookie) ? cookie : undefined;
}

function splitAttribute(part: string): [string, string] {
  const cut = part.indexOf('=');
  return cut < 0
    ? [part.trim().toLowerCase(), '']
    : [part.slice(0, cut).trim().toLowerCase(), part.slice(cut + 1).trim()];
}

function expiry(attributes: ReadonlyMap<string, string>): number | undefined {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? undefined : expires;
}

function isAcceptable(url: URL, cookie: Cookie): boolean {
  if (!cookie.hostOnly && !matchesDomain(url.hostname, cookie.domain)) return false;
  if (cookie.secure && !isSecure(url)) return false;
  if (cookie.name.startsWith('__Secure-')) return cookie.secure;
  if (cookie.name.startsWith('__Host-')) return cookie.secure && cookie.hostOnly && cookie.path === '/';
  return true;
}

function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function matchesDomain(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$|^\[/.test(host));
}

function matchesPath(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true;
  return path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path.charAt(cookiePath.length) === '/');
}

function defaultPath(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}
