/** What the adapters of all models have in common. */
import { errors } from 'oidc-provider';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { knownIn, type Place } from './known.ts';

/** What the adapters need beside the request's unit of work. */
export interface StorageContext {
  /** Used outside a request. */
  readonly database: Db;
  readonly secrets: Secrets;
  /** Raised by a restore: whatever was stored under an older one is void. */
  readonly epoch: number;
  readonly log: Pick<Log, 'warn'>;
  readonly config: Pick<Config, 'sessionLimits'>;
  /** The clients that may be used right now. */
  readonly findClient: (id: string) => ClientRecord | undefined;
}

/** The adapter of one model, as far as models do not differ. */
export abstract class StoredModel {
  protected readonly context: StorageContext;

  constructor(context: StorageContext) {
    this.context = context;
  }

  protected get db(): Db {
    return currentDb(this.context.database);
  }

  /** Undefined for what cannot be an id of ours. */
  protected locate(id: string): Place | undefined {
    const known = knownIn(this.db);
    const place = known.get('place', id) ?? this.context.secrets.locate(id);
    known.set('place', id, place);
    return place;
  }

  /** Of the adapter interface, for models that are not found that way. */
  async findByUid(_uid: string): Promise<undefined> {}

  async findByUserCode(_userCode: string): Promise<undefined> {}

  async consume(_id: string): Promise<void> {}

  /** Nothing to do: the library ends the grant as well (`revokeGrantPolicy`), and what hangs on it goes with it. */
  async revokeByGrantId(_grantId: string): Promise<void> {}
}

/** jsonb takes neither a NUL nor half a surrogate pair; an app that sends one is told so. */
export function toJson(value: object): string {
  const json = JSON.stringify(value);
  if (/\\u(0000|d[89a-f])/.test(json)) throw new errors.InvalidRequest('a parameter has characters that are not text');
  return json;
}
