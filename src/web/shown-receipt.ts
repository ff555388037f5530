/** A receipt as pages show it. */
import type { Receipt, ShortReceipt } from '#src/consents/receipts.ts';
import type { ShownReceipt } from '#views/parts/receipt.ts';

/** A receipt of either form, in the words of pages. */
export function shownReceipt(receipt: Receipt | ShortReceipt): ShownReceipt {
  return receipt.form === 'full' ? fromFull(receipt) : fromShort(receipt);
}

function fromFull(receipt: Receipt): ShownReceipt {
  const [purpose] = receipt.purposes;
  const [began, ended] = receipt.events;
  return {
    ...sharedBy(receipt),
    service: purpose.services[0].service_name,
    agency: receipt.parties[0].party_name,
    basis: purpose.lawful_basis,
    purpose: purpose.purpose,
    items: purpose.pii_information.map((item) => ({
      ...{ claim: item.pii_attribute_id, isOptional: item.pii_optional, purpose: item.purpose },
      ...{ basis: item.lawful_basis, law: item.law },
    })),
    declined: purpose.pii_declined,
    began: { event: began.event_type, at: new Date(began.event_time) },
    until: new Date(began.valid_until),
    ended: ended && { event: ended.event_type, at: new Date(ended.event_time) },
    wording: purpose.purpose_version,
    isShort: false,
  };
}

function fromShort(receipt: ShortReceipt): ShownReceipt {
  const [[event, at], ended] = receipt.events;
  return {
    ...sharedBy(receipt),
    service: receipt.service,
    agency: receipt.controller,
    basis: receipt.lawful_basis,
    items: receipt.claims.split(' ').flatMap((claim) => (claim ? { claim } : [])),
    declined: [],
    began: { event, at: new Date(at * 1000) },
    until: new Date(receipt.valid_until * 1000),
    ended: ended && { event: ended[0], at: new Date(ended[1] * 1000) },
    wording: receipt.purpose_version,
    isShort: true,
  };
}

function sharedBy({ sub, jti, iss }: Receipt | ShortReceipt) {
  return { subject: sub, number: jti, issuer: iss };
}
