/**
 * Requests to addresses that others have written down (`jwks_uri`), without becoming their hand inside our network.
 *
 * A name is resolved once for each connection, and only what passed the check is connected to, so a name that resolves
 * to another address a moment later (DNS rebinding) gains nothing. Redirects are not followed: the answer is handed
 * back as it is.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { connect } from 'node:tls';
import { networksOf, specialNetworks } from './networks.ts';

/** What is resolved to an address inside may not be asked. */
export class ForbiddenAddress extends Error {
  override name = 'ForbiddenAddress';
}

/** Resolves a name to all its addresses, in the form of `dns.lookup`. */
export type Resolve = (
  name: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A `fetch` for such addresses; of a request its method, headers, signal and a body of text count. Read the body of an answer with a
 * limit; the signal ends it also while the body comes.
 *
 * @param intranet CIDRs inside that may be asked all the same
 * @param resolve for tests
 */
export function createGuardedFetch(intranet: readonly string[], resolve: Resolve = lookup): typeof fetch {
  const mayAsk = askableWithin(intranet);
  const guardedLookup = guard(resolve, mayAsk);

  return async (asked, { method = 'GET', headers, signal, body } = {}) => {
    const target = new URL(asked instanceof Request ? asked.url : asked);
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) && !mayAsk(host)) throw new ForbiddenAddress('the address is inside');
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      lookup: guardedLookup,
      agent: false,
      ...(signal && { signal }),
    };
    return new Promise((answer, refuse) => {
      const outgoing = send(target, options, (incoming) => {
        try {
          answer(responseOf(incoming));
        } catch (error) {
          refuse(error);
          outgoing.destroy();
        }
      });
      outgoing.on('error', refuse);
      // Where the other side switches to another protocol there is neither an answer nor an error.
      outgoing.on('close', () => refuse(new Error('the connection ended without an answer')));
      outgoing.end(typeof body === 'string' ? body : undefined);
    });
  };
}

/**
 * Asks a host for its certificate, by the rules of {@link createGuardedFetch}.
 *
 * @returns a function that answers with the end of a certificate that is right for the host, and otherwise throws what the
 *   connection throws; `code` says what is wrong
 */
export function createCertificateReader(intranet: readonly string[], resolve: Resolve = lookup) {
  const mayAsk = askableWithin(intranet);
  const guardedLookup = guard(resolve, mayAsk);

  return (host: string, port: number, signal: AbortSignal): Promise<Date> => {
    const { promise, resolve: answer, reject } = Promise.withResolvers<Date>();
    if (isIP(host) && !mayAsk(host)) return Promise.reject(new ForbiddenAddress('the address is inside'));
    const socket = connect({ host, port, servername: isIP(host) ? '' : host, lookup: guardedLookup });
    const end = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    socket.once('secureConnect', () => answer(new Date(socket.getPeerCertificate().valid_to)));
    socket.on('error', reject);
    return promise.finally(() => {
      signal.removeEventListener('abort', end);
      socket.destroy();
    });
  };
}

/** Whether an address may be asked: one outside, or in a network inside that is allowed. */
export function askableWithin(intranet: readonly string[]): (address: string) => boolean {
  const allowed = networksOf(intranet);
  return (address) => allowed.has(address) || !specialNetworks.has(address);
}

/** Hands on only the addresses that may be asked. */
function guard(resolve: Resolve, mayAsk: (address: string) => boolean): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      const [first, ...others] = addresses.filter(({ address }) => mayAsk(address));
      if (!first) return done(new ForbiddenAddress('the name resolves to an address inside'), '', 0);
      if (options.all) done(null, [first, ...others]);
      else done(null, first.address, first.family);
    });
  };
}

/** Statuses whose answers have no body, as `Response` insists. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** @throws {RangeError} for a status that HTTP does not have, such as 600 */
function responseOf(incoming: IncomingMessage): Response {
  const { statusCode: status = 502 } = incoming;
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  if (!bodiless.has(status)) return new Response(Readable.toWeb(incoming) as ReadableStream, { status, headers });
  incoming.resume();
  return new Response(null, { status, headers });
}

/** The body of an answer, unless it is longer. */
export async function readAtMost(answer: Response, most: number): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body ?? []) {
    length += piece.length;
    if (length > most) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
