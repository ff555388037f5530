import type { Html } from '../html.ts';
import { type Language, translate } from '../locale.ts';
import { tickBox } from './form.ts';

/** Asks whether others use this device too: nobody then stays signed in on it. Posts `shared-device` = `yes`. */
export function sharedDeviceTick(language: Language, ticked: boolean): Html {
  const label = translate(language)('sign-in.shared-device');
  return tickBox({ id: 'shared-device', name: 'shared-device', value: 'yes', label, ticked });
}
