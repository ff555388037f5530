/** Payloads in which there is something of a person: sealed, and bound to their row. */
import type { AdapterPayload } from 'oidc-provider';
import { SealError, type Secrets } from '#src/base/secrets.ts';
import type { ArtifactPayload } from '../statements.ts';
import type { StorageContext } from './stored-model.ts';

/** What it takes to read what is sealed. */
export type Opening = Pick<StorageContext, 'secrets' | 'epoch' | 'log'>;

/** What is stored in place of the payload. */
export function seal(secrets: Secrets, kind: string, hash: Buffer, payload: object): object {
  const sealed = secrets.wrap.seal(placeOf(kind, hash), JSON.stringify(payload));
  return { sealed: sealed.toString('base64') };
}

/** Undefined when it does not open: a master key that is gone has taken it along. */
export function openSealed(
  { secrets, log }: Pick<StorageContext, 'secrets' | 'log'>,
  kind: string,
  hash: Buffer,
  payload: ArtifactPayload,
): AdapterPayload | undefined {
  if (!('sealed' in payload)) return payload;
  const sealed = Buffer.from(String(payload.sealed), 'base64');
  try {
    return JSON.parse(secrets.wrap.open(placeOf(kind, hash), sealed).toString());
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.warn({ err: error }, 'a request that had begun does not open: was a master key taken out too early?');
    return undefined;
  }
}

function placeOf(kind: string, hash: Buffer): string {
  return `artifacts.payload:${kind}:${hash.toString('hex')}`;
}
