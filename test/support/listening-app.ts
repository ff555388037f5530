/** An app's place to be told at: it keeps what it was sent, and answers as the test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How it answers the request of this number, from 1. */
export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export const answering =
  (status: number, body?: object): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly accept: string | undefined;
  readonly body: string;
}

export class ListeningApp implements AsyncDisposable {
  readonly received: Received[] = [];
  answer: Answer;
  readonly #server: Server;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
  }

  static async open(answer: Answer = answering(200)): Promise<ListeningApp> {
    const server = createServer();
    const app = new ListeningApp(server, answer);
    server.on('request', (request, response) => app.#take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return app;
  }

  /** Where it listens. */
  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The logout tokens that it was sent. */
  get logoutTokens(): string[] {
    return this.received.flatMap(({ body }) => new URLSearchParams(body).get('logout_token') ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      this.received.push({ method, path, type: headers['content-type'] ?? '', accept: headers.accept, body });
      this.answer(request, response, this.received.length);
    });
  }
}
