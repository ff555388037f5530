/**
 * One keep-alive HTTP/1.1 connection on a raw socket, one request at a time. The driver shares two cores with what it
 * measures, so it reads no more of an answer than the flows need.
 */
import { connect, type Socket } from 'node:net';

/** The parts of an answer that flows look at. */
export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: readonly string[];
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** A request; `headers` are whole lines, each with its line break. */
export interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: string;
  /** A form. */
  readonly body?: string;
}

const nothing = Buffer.alloc(0);

/** See the head of this file. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #received: Buffer = nothing;
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** Connects to a port of this machine. */
  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket, `localhost:${port}`));
      });
    });
  }

  /** Sends a request and waits for all of its answer. */
  send({ method, path, headers = '', body }: Outgoing): Promise<Answer> {
    const form =
      body === undefined
        ? ''
        : `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${headers}${form}\r\n${body ?? ''}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    const answer = parseAnswer(this.#received);
    if (!answer) return;
    this.#received = nothing;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** Undefined until all of it is there. */
function parseAnswer(received: Buffer): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const body = readBody(head, received, end + 4);
  if (body === undefined) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    location: headerOf(head, location),
    cookies: [...head.matchAll(setCookie)].map((match) => match[1] ?? ''),
    retryAfter: headerOf(head, retryAfter),
    body,
  };
}

const location = /\r\nlocation: ([^\r]*)/i;
const retryAfter = /\r\nretry-after: ([^\r]*)/i;
const contentLength = /\r\ncontent-length: (\d+)/i;
const setCookie = /\r\nset-cookie: ([^\r]*)/gi;

function headerOf(head: string, pattern: RegExp): string | undefined {
  return pattern.exec(head)?.[1];
}

function readBody(head: string, received: Buffer, start: number): string | undefined {
  const length = headerOf(head, contentLength);
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? undefined : received.toString('utf8', start, end);
  }
  return /\r\ntransfer-encoding: chunked/i.test(head) ? readChunks(received, start) : '';
}

function readChunks(received: Buffer, start: number): string | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const line = received.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(received.toString('latin1', at, line), 16);
    const end = line + 2 + size;
    if (received.length < end + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks).toString();
    chunks.push(received.subarray(line + 2, end));
    at = end + 2;
  }
}
