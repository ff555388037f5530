/** HTTP servers that say clearly why they cannot listen, and that end without cutting anybody off. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A port cannot be listened on; the message says which, why, and which setting to change. */
export class ListenError extends Error {
  override name = 'ListenError';
}

export interface HttpServer {
  /** The port, also where any free one was asked for. */
  readonly port: number;
  /** Takes no more connections, lets requests under way finish for at most `patience` milliseconds, and ends the rest. */
  close(patience?: number): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** What to do when the port is taken, as the end of a sentence: `set PORT to a free port`. */
  readonly advice: string;
}

const PATIENCE_MS = 10_000;
const SWEEP_MS = 50;

/** @throws {ListenError} */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<HttpServer> {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    if (!server.listening) response.shouldKeepAlive = false;
    open.add(response);
    response.once('close', () => open.delete(response));
    handler(request, response);
  });
  // Longer than proxies keep idle connections (60 s), so that they, not we, end one just as a request is sent on it.
  server.keepAliveTimeout = 65_000;
  // The longest that headers, and a whole request, may take to arrive: a form over 2G takes seconds.
  server.headersTimeout = 20_000;
  server.requestTimeout = 40_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toListenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (patience = PATIENCE_MS) => drain(server, open, patience),
  };
}

/** Turns the error of `server.listen` into one sentence. */
export function toListenError(error: NodeJS.ErrnoException, { host, port, advice }: ListenOptions): ListenError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken by another program: stop that one, or ${advice}.`,
    EACCES: `Port ${port} on ${host} may not be opened by this user: take one above 1023, or ${advice}.`,
    EADDRNOTAVAIL: `This machine has no address ${host}: set HOST to one that it has.`,
    ENOTFOUND: `There is no address by the name ${host}: set HOST to one that this machine has.`,
  };
  const sentence = reasons[error.code ?? ''] ?? `Port ${port} on ${host} cannot be listened on (${error.code}).`;
  return new ListenError(sentence, { cause: error });
}

/**
 * `server.close` ends idle connections once; those that were answering then stay open for their next request. So the
 * answers under way tell the client to close, and connections that become idle are swept. A server that was closed already,
 * as `node:cluster` does, is waited for all the same.
 */
async function drain(server: Server, open: ReadonlySet<ServerResponse>, patience: number): Promise<void> {
  for (const response of open) response.shouldKeepAlive = false;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const limit = setTimeout(() => server.closeAllConnections(), patience);
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}
