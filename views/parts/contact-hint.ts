/**
 * A contact as its owner recognises it and nobody else can write to it: `•••• 1234`, `s•••@c•••.id`. Who reads it in a
 * recovery may have nothing but a number that was the owner's once, so a domain, which may be a name, is hidden too.
 */
export function contactHint({ kind, value }: { kind: 'email' | 'phone'; value: string }): string {
  if (kind === 'phone') return maskNumber(value);
  const [local = '', host = ''] = value.split('@');
  const ending = host.slice(host.lastIndexOf('.'));
  return `${firstOf(local)}•••@${firstOf(host)}•••${ending}`;
}

/** Someone may look over the shoulder: only the last four digits stay readable. */
export function maskNumber(value: string): string {
  return `•••• ${value.replaceAll(/\D/g, '').slice(-4)}`;
}

function firstOf(text: string): string {
  return [...text][0] ?? '';
}
