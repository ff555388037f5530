/**
 * The addresses of the console, the API and dynamic registration, filled with the things of one agency: for whoever must look
 * at all of them. A route with a part that nobody has put into the table below fails here, so that none is passed over.
 */
import type { Route } from '#src/app.ts';

/** What addresses name. */
export interface Things {
  readonly client: string;
  readonly agency: string;
  /** The number of a version that waits. */
  readonly number: string;
  /** Of each of the other things by the segment before it, such as `bundles`, or by its own name, such as `low`. */
  readonly others?: Readonly<Record<string, string>>;
}

/** What stands in an address behind these segments. */
const parts: Readonly<Record<string, (things: Things) => string>> = {
  'apps/:client': ({ client }) => client,
  'register/:client': ({ client }) => client,
  'reviews/:client': ({ client }) => client,
  'matches/:client': ({ client }) => client,
  'agencies/:agency': ({ agency }) => agency,
  'versions/:number': ({ number }) => number,
  number: ({ number }) => number,
};

/** Whether a route belongs to an agency's administration. */
export function isOfConsole({ path }: Pick<Route, 'path'>): boolean {
  return /^\/(console|api\/v1|register)(\/|\.|$)/.test(path);
}

/** Whether a route is about one thing, and not about what somebody may see of all. */
export function isAboutOne({ path }: Pick<Route, 'path'>): boolean {
  return path.includes(':');
}

/** @throws when the table does not say what a part of the path stands for */
export function addressOf({ path }: Pick<Route, 'path'>, things: Things): string {
  const segments = path.split('/');
  const filled = segments.map((segment, index) => {
    if (!segment.startsWith(':')) return segment;
    const before = segments[index - 1] ?? '';
    // A version that waits is named behind the app it is of.
    const own = parts[before.startsWith(':') ? `versions/${segment}` : `${before}/${segment}`];
    const other = things.others?.[segment.slice(1)] ?? things.others?.[before];
    if (!own && other === undefined)
      throw new Error(`test/support/console-routes.ts does not say what ${segment} stands for in ${path}`);
    return encodeURIComponent(own ? own(things) : (other ?? ''));
  });
  return filled.join('/');
}
