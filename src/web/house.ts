/** What the pages work with: everything that lives as long as the server. */
import type { Redis } from 'ioredis';
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import type { Secrets } from '#src/base/secrets.ts';
import type { VerifyBundle } from '#src/oidc/bundles.ts';
import type { KeyCache } from '#src/oidc/key-cache.ts';
import type { Provider } from '#src/oidc/provider.ts';
import type { Makers } from '#src/people/makers.ts';
import type { Throttles } from '#src/people/throttles.ts';
import type { ClientCache } from '#src/registry/client-cache.ts';

export interface House {
  readonly config: Config;
  readonly database: Database;
  readonly secrets: Secrets;
  /** What signs tokens and cookies; follows every rotation. */
  readonly keys: KeyCache;
  readonly epoch: number;
  readonly log: Log;
  readonly clients: ClientCache;
  /** Where limits count instead of the database. */
  readonly redis?: Redis | undefined;
}

/** The house with the engine running and the limits in force. */
export interface OpenHouse extends House {
  /** The one in force: another one after the signing keys have changed. */
  readonly provider: Provider;
  readonly throttles: Throttles;
  /** Who vouches for the hardware of passkeys. */
  readonly makers: Makers;
  /** Whether a bundle is from whom it says, and for us. */
  readonly verifyBundle: VerifyBundle;
}
