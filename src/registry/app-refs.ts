/**
 * How an app is named where it does not matter whether it is connected: `client:ID` is one of the registry, `inventory:ID` one
 * that is only known to exist. Once a record of the inventory is linked to a client, the two are one app, under the client's name.
 */

/** The name of an app among all that exist. */
export type AppRef = `client:${string}` | `inventory:${string}`;

/** The name of a connected app. */
export function clientRef(id: string): AppRef {
  return `client:${id}`;
}

/** The name of a record of the inventory. */
export function inventoryRef(id: string): AppRef {
  return `inventory:${id}`;
}

/** What a name refers to. */
export interface AppRefParts {
  readonly kind: 'client' | 'inventory';
  readonly id: string;
}

/** What a name refers to, taken apart. */
export function partsOf(ref: AppRef): AppRefParts {
  const colon = ref.indexOf(':');
  return { kind: ref.startsWith('client:') ? 'client' : 'inventory', id: ref.slice(colon + 1) };
}

/** The name that a text is, if it is one; whether there is such an app is not asked. */
export function parseAppRef(text: string): AppRef | undefined {
  return /^(client:[a-z0-9][a-z0-9._-]{1,99}|inventory:[a-z0-9]{10})$/.test(text) ? (text as AppRef) : undefined;
}
