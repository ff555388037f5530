/** A moment in whole seconds since 1970, as tokens and protocols tell time (`NumericDate`, RFC 7519 §2). */
export function epochSeconds(moment: Date = new Date()): number {
  return Math.floor(moment.getTime() / 1000);
}
