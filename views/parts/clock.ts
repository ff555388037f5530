import { formatDuration, type Language, translate } from '../locale.ts';

/** Why a code of an authenticator app does not fit: by how much the phone's clock is ahead of ours (negative: behind). */
export function sayClockOff(language: Language, seconds: number): string {
  const time = formatDuration(language, Math.abs(seconds));
  return translate(language)(seconds < 0 ? 'totp.clock-behind' : 'totp.clock-ahead', { time });
}
