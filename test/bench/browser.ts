/** A citizen's browser in front of one server: cookies by path, forms, no redirects of its own accord. */
import type { Answer, HttpConnection } from './http-connection.ts';

/** Cookies of one server. Only what the flows need of RFC 6265: names, values, paths, removal. */
export class Cookies {
  readonly #kept = new Map<string, { readonly path: string; readonly pair: string }>();

  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const pair = line.slice(0, line.indexOf(';'));
      const name = pair.slice(0, pair.indexOf('='));
      const path = /; path=([^;]*)/i.exec(line)?.[1] ?? '/';
      if (pair.length === name.length + 1 || line.includes('01 Jan 1970')) this.#kept.delete(`${name};${path}`);
      else this.#kept.set(`${name};${path}`, { path, pair });
    }
  }

  /** The line of a request to `path`, or nothing. */
  headerFor(path: string): string {
    const sent: string[] = [];
    for (const cookie of this.#kept.values()) if (path.startsWith(cookie.path)) sent.push(cookie.pair);
    return sent.length > 0 ? `cookie: ${sent.join('; ')}\r\n` : '';
  }
}

/** See the head of this file. A browser outlives its connections; each flow brings the one it runs on. */
export class Browser {
  readonly cookies: Cookies;
  readonly #connection: HttpConnection;
  readonly #origin: string;

  constructor(connection: HttpConnection, origin: string, cookies = new Cookies()) {
    this.cookies = cookies;
    this.#connection = connection;
    this.#origin = origin;
  }

  async get(path: string): Promise<Answer> {
    const headers = `accept: text/html\r\naccept-language: id\r\n${this.cookies.headerFor(path)}`;
    return this.#keep(await this.#connection.send({ method: 'GET', path, headers }));
  }

  async post(path: string, form: URLSearchParams): Promise<Answer> {
    const headers = `accept: text/html\r\naccept-language: id\r\norigin: ${this.#origin}\r\n${this.cookies.headerFor(path)}`;
    return this.#keep(await this.#connection.send({ method: 'POST', path, headers, body: form.toString() }));
  }

  #keep(answer: Answer): Answer {
    if (answer.cookies.length > 0) this.cookies.keep(answer.cookies);
    return answer;
  }
}
