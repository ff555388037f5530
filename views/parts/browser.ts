import { type Language, translate } from '../locale.ts';

/** What is known of a browser that somebody signed in with. */
export type ShownBrowser = {
  browser?: string | undefined;
  system?: string | undefined;
  /** As a CIDR: only as far as a neighbourhood. */
  network?: string | undefined;
};

/** "Chrome, Android", or as much of it as is known. */
export function sayBrowser({ browser, system }: ShownBrowser): string | undefined {
  return [browser, system].filter(Boolean).join(', ') || undefined;
}

/** "jaringan 103.10.20.x". */
export function sayNetwork(language: Language, network: string): string {
  return translate(language)('device.network', { network: network.replace(/(0\/24|\/48)$/, '').concat('x') });
}
