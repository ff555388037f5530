/**
 * The protocol engine in force. The library takes its signing keys when it is built, so with new keys a new one is
 * built behind the same addresses; requests that are under way end on the one that they began with.
 */
import { buildProvider, type Provider, type ProviderContext } from './provider.ts';

/** Lives as long as the process; what it answers with does not. */
export class Engine {
  #provider: Provider;

  constructor(context: ProviderContext) {
    this.#provider = buildProvider(context);
    context.keys.onSigningChange(() => {
      this.#provider = buildProvider(context);
      context.log.info('the signing keys have changed');
    });
  }

  /** Ask anew in each request. */
  get provider(): Provider {
    return this.#provider;
  }
}
